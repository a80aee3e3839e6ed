import type { ErrorCode } from '#libs/contract';
import type { Words } from './error-words.js';

/** Error codes by the codes, types and statuses that OpenAI, Anthropic, Google and llama.cpp use. */
const BY_WORD: Readonly<Record<string, ErrorCode>> = {
  context_length_exceeded: 'context_length_exceeded',
  exceed_context_size_error: 'context_length_exceeded',
  rate_limit_exceeded: 'upstream_rate_limited',
  rate_limit_error: 'upstream_rate_limited',
  insufficient_quota: 'upstream_rate_limited',
  enforced_spend_limit_reached: 'upstream_rate_limited',
  ramp_limit_exceeded: 'upstream_rate_limited',
  RESOURCE_EXHAUSTED: 'upstream_rate_limited',
  invalid_api_key: 'upstream_auth_failed',
  authentication_error: 'upstream_auth_failed',
  permission_error: 'upstream_auth_failed',
  billing_error: 'upstream_auth_failed',
  timeout_error: 'upstream_timeout',
  invalid_request_error: 'upstream_refused',
  INVALID_ARGUMENT: 'upstream_refused',
  not_found_error: 'upstream_refused',
  overloaded_error: 'upstream_error',
  server_error: 'upstream_error',
  api_error: 'upstream_error',
};

/**
 * Messages for a conversation that is too long, from servers that have no code for it: vLLM, SGLang, TGI, llama.cpp, LM
 * Studio, OpenRouter, Mistral, Anthropic, Gemini, Bedrock.
 */
const TOO_LONG: readonly RegExp[] = [
  /maximum context length/i,
  /context (window|length|size)[^.]{0,60}(exceed|too (long|large)|longer|greater|overflow)/i,
  /exceed[^.]{0,60}(context|maximum (number of )?(input )?tokens|token limit|max_model_len|model length)/i,
  /(prompt|input|request|conversation|messages?)\b[^.]{0,60}\btoo (long|large)\b[^.]{0,60}(token|context|model|maximum)/i,
  /prompt is too long/i,
  /input (is too long|token count[^.]{0,40}exceeds)/i,
  /too many (input |prompt )?tokens/i,
  /larger than the maximum (context|model)/i,
  /longer than the model'?s? (context|maximum)/i,
  /reduce the length of (the )?(messages|prompt|input)/i,
  /must have less than \d+ tokens/i,
];

/** A limit of tokens per minute mentions tokens, too. */
const PER_TIME =
  /per (minute|day|hour|second)|\b(tpm|rpm|tpd)\b|rate limit|max_tokens|max_completion_tokens|max_new_tokens/i;

/** Part of an error's text that is examined. */
const TEXT_CHARS_MAX = 2_000;

/** The code that the error names, or that its text states beyond doubt. undefined when neither does. */
export function codeOfWords({ code, type, message = '' }: Words): ErrorCode | undefined {
  const named = [code, type].map((word) =>
    word !== undefined && Object.hasOwn(BY_WORD, word) ? BY_WORD[word] : undefined,
  );
  const [first = named[1]] = named;
  if (first !== undefined && first !== 'upstream_refused') return first;
  return saysTooLong(message.slice(0, TEXT_CHARS_MAX)) ? 'context_length_exceeded' : first;
}

/** "maximum context length" is certain, even next to `max_tokens`, which a suggested remedy may name. */
function saysTooLong(message: string): boolean {
  const [surest, ...others] = TOO_LONG;
  return surest?.test(message) || (others.some((pattern) => pattern.test(message)) && !PER_TIME.test(message));
}

export function codeOfStatus(status: number): ErrorCode {
  if (status >= 500 || status === 409) return 'upstream_error';
  if (status < 400) return 'upstream_invalid';
  if (status === 429) return 'upstream_rate_limited';
  if (status === 408) return 'upstream_timeout';
  return status === 401 || status === 402 || status === 403 ? 'upstream_auth_failed' : 'upstream_refused';
}

/** Limits that waiting some seconds does not lift: the paid quota is used up, or a spend limit is reached. */
const QUOTAS: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'enforced_spend_limit_reached',
  'ramp_limit_exceeded',
]);

export const isAboutQuota = ({ code = '', type = '' }: Words): boolean => QUOTAS.has(code) || QUOTAS.has(type);

const UNKNOWN_MODEL: ReadonlySet<string> = new Set([
  'model_not_found',
  'model_decommissioned',
  'model_not_available',
  'model_not_supported',
  'invalid_model',
  'not_found_error',
  'NOT_FOUND',
]);
const UNKNOWN_MODEL_TEXT =
  /\bmodel\b[^.]{0,80}\b(not (exist|found|available)|does not exist|no longer|decommissioned|retired|unknown)|\b(unknown|invalid|no such) model\b|no endpoints found/i;

/** Whether the upstream lacks the model (retired, not pulled, no provider for it) or the address. */
export function isUnknownModel(code: ErrorCode, { code: word, type, message = '' }: Words, status?: number): boolean {
  if (code !== 'upstream_refused') return false;
  if (status === 404 || status === 405 || status === 410) return true;
  if ([word, type].some((named) => named !== undefined && UNKNOWN_MODEL.has(named))) return true;
  return UNKNOWN_MODEL_TEXT.test(message.slice(0, TEXT_CHARS_MAX));
}
