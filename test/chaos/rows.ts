import type { Row } from './row.js';
import { CLIENT_ROWS } from './rows/clients.js';
import { NAME_ROWS } from './rows/names.js';
import { OVERLOAD_ROWS } from './rows/overload.js';
import { POISON_ROWS } from './rows/poison.js';
import { REDIS_ROWS } from './rows/redis.js';
import { RESTART_ROWS } from './rows/restarts.js';
import { STORE_ROWS } from './rows/store.js';
import { UNREAD_ROWS } from './rows/unread.js';
import { UPSTREAM_ROWS } from './rows/upstream.js';
import { WORKER_ROWS } from './rows/workers.js';

/** The fault table as code, in its order. */
export const ROWS: readonly Row[] = [
  ...WORKER_ROWS,
  ...POISON_ROWS,
  ...RESTART_ROWS,
  ...REDIS_ROWS,
  ...STORE_ROWS,
  ...CLIENT_ROWS,
  ...UNREAD_ROWS,
  ...UPSTREAM_ROWS,
  ...NAME_ROWS,
  ...OVERLOAD_ROWS,
];
