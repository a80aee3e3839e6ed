import { oneOf, secret, yesOrNo } from '../values/parsers.js';
import type { Variable } from './variable.js';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** What operators may see and do. */
export const OPERATOR_VARIABLES = [
  {
    name: 'ADMIN_TOKEN',
    path: 'auth.admin_token',
    meaning: 'opens the admin routes; without it they are closed',
    secret: true,
    parser: secret,
  },
  {
    name: 'METRICS_TOKEN',
    path: 'metrics.token',
    meaning: 'opens `/metrics` of every service as `Authorization: Bearer`; without it they are closed',
    secret: true,
    parser: secret,
  },
  {
    name: 'METRICS_PUBLIC',
    path: 'metrics.public',
    default: 'false',
    meaning: 'opens `/metrics` to everybody who reaches the port',
    parser: yesOrNo,
  },
  {
    name: 'QUEUE_DASHBOARD_WRITE',
    path: 'api.queue_dashboard_write',
    default: 'false',
    meaning: 'lets the dashboard at `/admin/queues` retry and remove jobs; else it only shows them',
    parser: yesOrNo,
  },
] as const satisfies readonly Variable[];

export const LOG_VARIABLES = [
  {
    name: 'LOG_LEVEL',
    path: 'log.level',
    default: 'info',
    meaning: LOG_LEVELS.join(', '),
    parser: oneOf(...LOG_LEVELS),
  },
  {
    name: 'LOG_PRETTY',
    path: 'log.pretty',
    default: 'false',
    meaning: 'logs for eyes instead of JSON',
    parser: yesOrNo,
  },
] as const satisfies readonly Variable[];
