import { hostOrBlock, integer, listOf, type Parser } from '../values/parsers.js';
import type { Variable } from './variable.js';

const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;

/** In the form of Standard Webhooks. */
const signingSecret: Parser<string> = {
  expected: `whsec_ and base64 of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes`,
  parse(value) {
    const base64 = value.replace(/^whsec_/, '');
    const bytes = Buffer.from(base64, 'base64');
    const isRight = bytes.length >= SECRET_BYTES_MIN && bytes.length <= SECRET_BYTES_MAX;
    return isRight && bytes.toString('base64') === base64 ? value : undefined;
  },
};

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
    meaning:
      'signs what jobs deliver to webhooks (Standard Webhooks), and the secrets of `/v1/webhooks` are made of it; without it there are none',
    secret: true,
    parser: signingSecret,
  },
  {
    name: 'WEBHOOK_ALLOWED_HOSTS',
    path: 'jobs.webhook_allowed_hosts',
    meaning: 'private hosts or CIDR blocks that webhooks may reach',
    parser: listOf(hostOrBlock),
  },
] as const satisfies readonly Variable[];
