import { LIMITS } from '#libs/contract';
import { namedKeys } from './api-keys.js';
import { host, hostOrBlock, httpUrl, integer, listOf, matching, oneOf } from './parsers.js';
import { origin, port, secret, text, url, yesOrNo, type Parser } from './parsers.js';

/** One setting: its name in the environment, its place in the file, what it means and how it is read. */
export interface Variable {
  readonly name: string;
  /** Where the file may give it; absent: only the environment can. */
  readonly path?: string;
  /** In the words of the environment; absent: not set. */
  readonly default?: string;
  readonly meaning: string;
  /** Never shown, and may be read from a file that `<NAME>_FILE` names. */
  readonly secret?: true;
  /** An empty text says "none"; everywhere else it says "not set". */
  readonly emptyIsNone?: true;
  readonly parser: Parser<unknown>;
}

const modelName = matching(
  new RegExp(`^[^\\s,]{1,${LIMITS.modelNameCharsMax}}$`),
  `a model name of 1 to ${LIMITS.modelNameCharsMax} characters without spaces and commas`,
);
const toolName = matching(/^[a-zA-Z0-9_-]{1,64}$/, 'a tool name');
const milliseconds = integer(100, 3_600_000);
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Every setting there is. docs/configuration.md repeats this list, and a test compares the two. */
export const VARIABLES = [
  { name: 'TALARIA_CONFIG', default: 'talaria.yaml', meaning: 'settings file; must exist when named', parser: text },
  {
    name: 'TALARIA_DATA',
    path: 'data',
    default: '.talaria',
    meaning: 'folder of the embedded Redis and database',
    parser: text,
  },

  { name: 'API_SERVER_HOST', path: 'api.host', default: '127.0.0.1', meaning: 'address to listen on', parser: host },
  { name: 'API_SERVER_PORT', path: 'api.port', default: '8642', meaning: 'port to listen on', parser: port },
  { name: 'API_SERVER_KEY', meaning: 'one API key, named `default`', secret: true, parser: secret },
  { name: 'API_KEYS', meaning: 'more API keys: `name:key,name:key`', secret: true, parser: namedKeys },
  {
    name: 'ADMIN_TOKEN',
    path: 'auth.admin_token',
    meaning: 'opens the admin routes; without it they are closed',
    secret: true,
    parser: secret,
  },
  {
    name: 'API_SERVER_CORS_ORIGINS',
    path: 'api.cors_origins',
    meaning: 'comma-separated exact origins, or `*`',
    parser: listOf(origin),
  },
  {
    name: 'API_SERVER_ALLOWED_HOSTS',
    path: 'api.allowed_hosts',
    meaning: 'more names for the Host header while listening on loopback',
    parser: listOf(host),
  },
  {
    name: 'API_SERVER_MODEL_NAME',
    path: 'api.model_name',
    default: 'talaria',
    meaning: 'advertised default model',
    parser: modelName,
  },
  {
    name: 'MAX_BODY_BYTES',
    path: 'api.max_body_bytes',
    default: String(LIMITS.bodyBytesMax),
    meaning: 'largest request body',
    parser: integer(1_024, 1_000_000_000),
  },
  {
    name: 'MAX_MESSAGE_CHARS',
    path: 'api.max_message_chars',
    default: String(LIMITS.messageTextCharsMax),
    meaning: 'longest text of one message; longer ones are refused, never cut',
    parser: integer(1, 1_000_000_000),
  },
  {
    name: 'MAX_QUEUED',
    path: 'api.max_queued',
    default: '10000',
    meaning: 'runs that may wait for a worker; more are refused with 429',
    parser: integer(1, 10_000_000),
  },
  {
    name: 'MAX_IN_FLIGHT',
    path: 'api.max_in_flight',
    default: '5000',
    meaning: 'runs that one API process may wait for at the same time',
    parser: integer(1, 1_000_000),
  },
  {
    name: 'SSE_KEEPALIVE_MS',
    path: 'api.sse_keepalive_ms',
    default: '10000',
    meaning: 'silence on a stream before a comment is sent',
    parser: milliseconds,
  },
  {
    name: 'DRAIN_SECONDS',
    path: 'drain_seconds',
    default: '30',
    meaning: 'how long streams and runs may go on after SIGTERM',
    parser: integer(0, 3_600),
  },

  {
    name: 'REDIS_URL',
    path: 'redis.url',
    default: 'redis://127.0.0.1:6379',
    meaning: 'Redis; unset, `npm start` runs a private one',
    secret: true,
    parser: url(['redis:', 'rediss:'], 'allowed'),
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
    parser: url(['postgres:', 'postgresql:'], 'allowed'),
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
    meaning: 'where the API finds the store; unset: `STORE_HOST` and `STORE_PORT`',
    parser: httpUrl,
  },
  { name: 'STORE_TOKEN', path: 'store.token', meaning: 'secret between API and store', secret: true, parser: secret },

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

  {
    name: 'OPENAI_API_KEY',
    meaning: 'connects OpenAI, or the server at `OPENAI_BASE_URL`',
    secret: true,
    parser: secret,
  },
  { name: 'OPENAI_BASE_URL', meaning: 'any server that speaks the OpenAI API, with its `/v1`', parser: httpUrl },
  {
    name: 'OPENAI_MODEL',
    path: 'routing.default_model',
    meaning: 'upstream model behind the default name; unset: the first one listed',
    parser: modelName,
  },
  { name: 'ANTHROPIC_API_KEY', meaning: 'connects Anthropic', secret: true, parser: secret },
  { name: 'ANTHROPIC_BASE_URL', meaning: 'another address for the Anthropic API', parser: httpUrl },
  {
    name: 'MODELS_UNKNOWN',
    path: 'routing.unknown',
    default: 'reject',
    meaning: 'a model name nobody serves: `reject` (404), `default`, or `passthrough` to the first upstream',
    parser: oneOf('reject', 'default', 'passthrough'),
  },
  {
    name: 'FALLBACK_MODELS',
    path: 'routing.fallback',
    meaning: 'models that stand in when another fails before its first event, in this order',
    parser: listOf(modelName),
  },
  {
    name: 'UPSTREAM_RETRIES',
    path: 'routing.retries',
    default: '2',
    meaning: 'attempts after the first, before the first token',
    parser: integer(0, 10),
  },
  {
    name: 'UPSTREAM_FIRST_BYTE_MS',
    path: 'routing.first_byte_ms',
    default: '60000',
    meaning: 'longest wait for the first byte of an answer',
    parser: milliseconds,
  },
  {
    name: 'UPSTREAM_IDLE_MS',
    path: 'routing.idle_ms',
    default: '60000',
    meaning: 'longest silence within an answer',
    parser: milliseconds,
  },

  { name: 'AGENT_SYSTEM_PROMPT', path: 'agent.system_prompt', meaning: 'core system prompt', parser: text },
  {
    name: 'AGENT_MAX_STEPS',
    path: 'agent.max_steps',
    default: String(LIMITS.stepsMaxDefault),
    meaning: 'model calls of one run',
    parser: integer(1, 10_000),
  },
  {
    name: 'RUN_SECONDS_MAX',
    path: 'agent.max_seconds',
    default: String(LIMITS.runSecondsMax),
    meaning: 'longest run',
    parser: integer(1, 604_800),
  },
  {
    name: 'TOOLS',
    path: 'agent.tools',
    default: 'current_time,http_fetch',
    meaning: 'server tools that models are offered; empty: none',
    emptyIsNone: true,
    parser: listOf(toolName),
  },
  {
    name: 'FETCH_ALLOWED_HOSTS',
    path: 'agent.fetch_allowed_hosts',
    meaning: 'private hosts or CIDR blocks that `http_fetch` may reach',
    parser: listOf(hostOrBlock),
  },

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

export type VariableName = (typeof VARIABLES)[number]['name'];
type Declared<N extends VariableName> = Extract<(typeof VARIABLES)[number], { name: N }>;
type Read<V> = V extends { parser: Parser<infer T> } ? T : never;

/** What was read, by name. A setting without a default may be undefined. */
export type Values = {
  readonly [N in VariableName]: Declared<N> extends { default: string }
    ? Read<Declared<N>>
    : Read<Declared<N>> | undefined;
};
