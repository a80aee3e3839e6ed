import { LIMITS } from '#libs/contract';
import { httpUrl, integer, listOf, matching, milliseconds, oneOf, secret, yesOrNo } from '../values/parsers.js';
import type { Variable } from './variable.js';

export const modelName = matching(
  new RegExp(`^[^\\s,]{1,${LIMITS.modelNameCharsMax}}$`),
  `a model name of 1 to ${LIMITS.modelNameCharsMax} characters without spaces and commas`,
);

const longSecret = matching(/^[\x21-\x7e]{32,}$/, '32 or more visible ASCII characters without spaces');

/** Upstreams without a file, and the manner of requests to them. */
export const MODEL_VARIABLES = [
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
    name: 'CREDENTIALS_KEY',
    path: 'credentials.key',
    meaning: 'encrypts keys of upstreams that renew themselves; 32 characters or more, the same for all workers',
    secret: true,
    parser: longSecret,
  },
  {
    name: 'CREDENTIALS_EXPORT',
    path: 'credentials.export',
    default: 'false',
    meaning: '`POST /internal/session/export` gives the encrypted key of an upstream to whoever has the admin token',
    parser: yesOrNo,
  },
  {
    name: 'MODELS_UNKNOWN',
    path: 'routing.unknown',
    default: 'reject',
    meaning: 'a model name nobody serves: `reject` (404), `default`, or `passthrough` to the first upstream',
    parser: oneOf('reject', 'default', 'passthrough'),
  },
  {
    name: 'MODELS_REMEMBERED_SECONDS',
    path: 'routing.remembered_seconds',
    default: '60',
    meaning:
      'how long runs of a model wait for a worker that has it, after the last one has gone and while others live',
    parser: integer(0, 86_400),
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
    default: '600000',
    meaning: 'longest wait for the first byte of an answer',
    parser: milliseconds,
  },
  {
    name: 'UPSTREAM_IDLE_MS',
    path: 'routing.idle_ms',
    default: '300000',
    meaning: 'longest silence within an answer',
    parser: milliseconds,
  },
] as const satisfies readonly Variable[];
