import { LIMITS } from '#libs/contract';
import { namedKeys } from '../values/api-keys.js';
import { modelName } from './model-variables.js';
import { OPERATOR_VARIABLES } from './operator-variables.js';
import { host, integer, listOf, milliseconds, oneOf, origin, port, secret } from '../values/parsers.js';
import type { Variable } from './variable.js';

/** Where the API listens, who may use it, and how much work it accepts. */
export const API_VARIABLES = [
  { name: 'API_SERVER_HOST', path: 'api.host', default: '127.0.0.1', meaning: 'address to listen on', parser: host },
  { name: 'API_SERVER_PORT', path: 'api.port', default: '8642', meaning: 'port to listen on', parser: port },
  { name: 'API_SERVER_KEY', meaning: 'one API key, named `default`', secret: true, parser: secret },
  { name: 'API_KEYS', meaning: 'more API keys: `name:key,name:key`', secret: true, parser: namedKeys },
  ...OPERATOR_VARIABLES,
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
    name: 'MAX_QUEUED_PER_KEY',
    path: 'api.max_queued_per_key',
    default: '5000',
    meaning: 'runs of one API key that may wait, foreground and background apart',
    parser: integer(1, 10_000_000),
  },
  {
    name: 'MAX_ORDER_BYTES_PER_KEY',
    path: 'api.max_order_bytes_per_key',
    default: String(LIMITS.orderBytesPerKeyMax),
    meaning:
      'bytes of requests that Redis holds for one API key until their runs are stored; more are refused with 429',
    parser: integer(1_000_000, Number.MAX_SAFE_INTEGER),
  },
  {
    name: 'MAX_IN_FLIGHT_PER_KEY',
    path: 'api.max_in_flight_per_key',
    default: '2500',
    meaning: 'runs of one API key that one API process may wait for',
    parser: integer(1, 1_000_000),
  },
  {
    name: 'MAX_LISTENERS',
    path: 'api.max_listeners',
    default: '10000',
    meaning: 'requests that listen to runs at one API process; they take no place of those that wait for runs',
    parser: integer(1, 1_000_000),
  },
  {
    name: 'MAX_LISTENERS_PER_KEY',
    path: 'api.max_listeners_per_key',
    default: '5000',
    meaning: 'of one API key',
    parser: integer(1, 1_000_000),
  },
  {
    name: 'MAX_RECEIVING_BYTES',
    path: 'api.max_receiving_bytes',
    default: '200000000',
    meaning:
      'bytes of requests and WebSocket messages on their way in that one API process holds; more are refused with 429',
    parser: integer(1_024, 1_000_000_000_000),
  },
  {
    name: 'MAX_RECEIVING_BYTES_PER_KEY',
    path: 'api.max_receiving_bytes_per_key',
    default: '40000000',
    meaning: 'of one API key',
    parser: integer(1_024, 1_000_000_000_000),
  },
  {
    name: 'MAX_CONNECTIONS',
    path: 'api.max_connections',
    default: '20000',
    meaning: 'sockets that one API process accepts; more are closed at once',
    parser: integer(10, 1_000_000),
  },
  {
    name: 'RESPONSES_SERVER_CALLS',
    path: 'api.responses_server_calls',
    default: 'mcp_call',
    meaning:
      'how Responses tells of calls that the gateway executes: `mcp_call`, or `function_call` with its output for clients of the Hermes API server',
    parser: oneOf('mcp_call', 'function_call'),
  },
  {
    name: 'SSE_KEEPALIVE_MS',
    path: 'api.sse_keepalive_ms',
    default: '10000',
    meaning:
      'silence on a stream before a sign of life is sent: a comment, `keepalive` (Responses) or `ping` (Messages)',
    parser: milliseconds,
  },
  {
    name: 'NO_WORKER_SECONDS',
    path: 'api.no_worker_seconds',
    default: '60',
    meaning: 'seconds without a worker after which requests that wait for an answer get 503; 0: they wait on',
    parser: integer(0, 86_400),
  },
  {
    name: 'DRAIN_SECONDS',
    path: 'drain_seconds',
    default: '30',
    meaning:
      'how long answers under way may go on after SIGTERM; runs with tools are handed over between two steps before that; `npm start` takes 5 unless set',
    parser: integer(0, 3_600),
  },
  {
    name: 'DRAIN_DELAY_SECONDS',
    path: 'drain_delay_seconds',
    default: '5',
    meaning: 'how long API and store take requests after SIGTERM, while /health/ready says 503; `npm start` uses 0',
    parser: integer(0, 300),
  },
] as const satisfies readonly Variable[];
