import { TRACING_VARIABLES } from './tracing-variables.js';
import { AGENT_VARIABLES } from './agent-variables.js';
import { API_VARIABLES } from './api-variables.js';
import { JOB_VARIABLES } from './job-variables.js';
import { CHAT_VARIABLES } from './chat-variables.js';
import { MESSENGER_VARIABLES } from './messenger-variables.js';
import { MODEL_VARIABLES } from './model-variables.js';
import { host, httpUrl, integer, matching } from '../values/parsers.js';
import { LOG_VARIABLES } from './operator-variables.js';
import { port, secret, serverUrl, text, type Parser } from '../values/parsers.js';
import type { Variable } from './variable.js';

/** All settings. docs/configuration.md repeats this list, and a test compares the two. */
export const VARIABLES = [
  { name: 'TALARIA_CONFIG', default: 'talaria.yaml', meaning: 'settings file; must exist when named', parser: text },
  {
    name: 'TALARIA_DATA',
    path: 'data',
    default: '.talaria',
    meaning: 'folder of the embedded Redis and database',
    parser: text,
  },

  ...API_VARIABLES,

  {
    name: 'REDIS_URL',
    path: 'redis.url',
    default: 'redis://127.0.0.1:6379',
    meaning: 'Redis 7.0 or newer, one server and no cluster; unset, `npm start` runs a private one',
    secret: true,
    parser: serverUrl(['redis:', 'rediss:'], matching(/^\d{0,5}$/, 'the number of a database, or none')),
  },
  {
    name: 'REDIS_PREFIX',
    path: 'redis.prefix',
    default: 'talaria',
    meaning: 'first part of every Redis key',
    parser: matching(/^[A-Za-z0-9._-]{1,64}$/, '1 to 64 of A-Z a-z 0-9 . _ -'),
  },
  {
    name: 'DATABASE_URL',
    path: 'store.database_url',
    meaning: 'Postgres; unset: an embedded database',
    secret: true,
    parser: serverUrl(['postgres:', 'postgresql:'], { ...text, expected: 'the name of a database' }),
  },
  {
    name: 'STORE_HOST',
    path: 'store.host',
    default: '127.0.0.1',
    meaning: 'address the store listens on',
    parser: host,
  },
  {
    name: 'STORE_PORT',
    path: 'store.port',
    default: '8645',
    meaning: 'port the store listens on; `npm start` takes a free one unless set',
    parser: port,
  },
  {
    name: 'STORE_URL',
    path: 'store.url',
    meaning: 'where API, worker and scheduler find the store; unset: `STORE_HOST` and `STORE_PORT`',
    parser: httpUrl,
  },
  {
    name: 'STORE_TOKEN',
    path: 'store.token',
    meaning: 'secret of the store, which API, worker and scheduler show',
    secret: true,
    parser: secret,
  },
  {
    name: 'RETENTION_DAYS',
    path: 'store.retention_days',
    default: '30',
    meaning: 'stored runs, and sessions and conversations nobody adds to, are deleted at this age; 0: never',
    parser: integer(0, 36_500),
  },
  {
    name: 'RETENTION_RUNS_MAX',
    path: 'store.retention_runs_max',
    default: '0',
    meaning: 'stored runs per key; the oldest beyond are deleted; 0: no bound',
    parser: integer(0, 1_000_000_000),
  },

  {
    name: 'WORKER_CONCURRENCY',
    path: 'worker.concurrency',
    default: '512',
    meaning: 'runs that one worker executes at the same time',
    parser: integer(1, 100_000),
  },
  {
    name: 'HEALTH_HOST',
    path: 'health.host',
    default: '127.0.0.1',
    meaning: 'address of the health ports of worker and scheduler',
    parser: host,
  },
  {
    name: 'WORKER_HEALTH_PORT',
    path: 'health.worker_port',
    default: '8643',
    meaning: "the worker's health port; `npm start` takes a free one unless set",
    parser: port,
  },
  {
    name: 'SCHEDULER_HEALTH_PORT',
    path: 'health.scheduler_port',
    default: '8644',
    meaning: "the scheduler's health port; `npm start` takes a free one unless set",
    parser: port,
  },

  ...MODEL_VARIABLES,

  ...AGENT_VARIABLES,
  ...JOB_VARIABLES,
  ...MESSENGER_VARIABLES,
  ...CHAT_VARIABLES,
  ...LOG_VARIABLES,
  ...TRACING_VARIABLES,
] as const satisfies readonly Variable[];

export type VariableName = (typeof VARIABLES)[number]['name'];
type Declared<N extends VariableName> = Extract<(typeof VARIABLES)[number], { name: N }>;
type Read<V> = V extends { parser: Parser<infer T> } ? T : never;

/** The values that were read, by name. A setting without a default may be undefined. */
export type Values = {
  readonly [N in VariableName]: Declared<N> extends { default: string }
    ? Read<Declared<N>>
    : Read<Declared<N>> | undefined;
};
