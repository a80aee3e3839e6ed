import { hostOrBlock, integer, listOf, matching } from './parsers.js';
import type { Variable } from './variable.js';

/** The settings of cron jobs; a part of the one list in `variables.ts`. */
export const JOB_VARIABLES = [
  {
    name: 'MAX_JOBS',
    path: 'jobs.max_per_key',
    default: '1000',
    meaning: 'cron jobs that one API key may have; completed ones do not count',
    parser: integer(0, 1_000_000),
  },
  {
    name: 'WEBHOOK_SECRET',
    path: 'jobs.webhook_secret',
    meaning: 'signs what jobs deliver to webhooks (Standard Webhooks); without it they deliver to none',
    secret: true,
    parser: matching(
      /^(whsec_)?(?:[A-Za-z0-9+/]{4}){6,22}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
      'whsec_ and base64 of 24 to 64 bytes',
    ),
  },
  {
    name: 'WEBHOOK_ALLOWED_HOSTS',
    path: 'jobs.webhook_allowed_hosts',
    meaning: 'private hosts or CIDR blocks that webhooks may reach',
    parser: listOf(hostOrBlock),
  },
] as const satisfies readonly Variable[];
