import { hasEnded, type JsonObject, type RunError, type RunSnapshot, type RunStatus, type Usage } from '#libs/contract';
import { responseIdOf } from '../ids.js';
import { toldCompaction } from './compaction-item.js';
import { outputItems } from './output-items.js';
import { readEcho } from './responses-echo.js';

const STATUS_OF: Readonly<Record<RunStatus, string>> = {
  queued: 'queued',
  running: 'in_progress',
  waiting_for_approval: 'in_progress',
  completed: 'completed',
  incomplete: 'incomplete',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** Defaults of the keys that a request may set (the OpenAI API reference says which may be null). */
const DEFAULTS: JsonObject = {
  previous_response_id: null,
  instructions: null,
  tools: [],
  tool_choice: 'auto',
  truncation: 'disabled',
  parallel_tool_calls: true,
  text: { format: { type: 'text' } },
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  top_logprobs: 0,
  temperature: 1,
  reasoning: null,
  max_output_tokens: null,
  max_tool_calls: null,
  store: true,
  background: false,
  service_tier: 'default',
  safety_identifier: null,
  prompt_cache_key: null,
};

/** The response object of a run in any status, with all 31 required keys. */
export function responseObject(snapshot: RunSnapshot): JsonObject {
  return responseWith(snapshot, outputItems(snapshot));
}

/** The same with an output that is already known. */
export function responseWith(snapshot: RunSnapshot, output: readonly JsonObject[]): JsonObject {
  const { status, error } = toldCompaction(snapshot);
  const { runId, createdAt, endedAt, model, usage, metadata, echo } = snapshot;
  return {
    id: responseIdOf(runId),
    object: 'response',
    created_at: seconds(createdAt),
    completed_at: status === 'completed' && endedAt !== undefined ? seconds(endedAt) : null,
    status: STATUS_OF[status],
    incomplete_details: incompleteDetails(snapshot),
    model,
    output,
    error: status === 'cancelled' ? CANCELLED : error ? responseError(error) : null,
    ...DEFAULTS,
    ...readEcho(echo).fields,
    ...tierOf(snapshot),
    usage: hasEnded(snapshot) ? responseUsage(usage) : null,
    metadata: metadata ?? {},
  };
}

/** The upstream's value takes precedence over the requested one. */
function tierOf({ steps }: RunSnapshot): JsonObject {
  const tier = steps.findLast(({ serviceTier }) => serviceTier !== undefined)?.serviceTier;
  return tier === undefined ? {} : { service_tier: tier };
}

export function responseUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens = 0, reasoningTokens } = usage;
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens, cache_write_tokens: cacheWriteTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
  };
}

/**
 * Only two reasons are published. A run that used up its steps counts as cut short, like one that used up its tokens.
 */
function incompleteDetails({ incompleteReason }: RunSnapshot): JsonObject | null {
  if (incompleteReason === undefined) return null;
  return { reason: incompleteReason === 'content_filter' ? 'content_filter' : 'max_output_tokens' };
}

/**
 * The published codes, and the one that OpenAI sends and agents look for when a conversation is too long. Agents repeat
 * the whole request after `server_error`, so this code is used only where nothing was done and a later attempt may
 * succeed. Every other failure is final: the gateway has already retried where that was useful, and tools may have
 * acted.
 */
function responseError({ code, message }: RunError): JsonObject {
  return { code: publishedCode(code), message };
}

function publishedCode(code: RunError['code']): string {
  switch (code) {
    case 'context_length_exceeded':
      return code;
    case 'rate_limit_exceeded':
    case 'upstream_rate_limited':
    case 'queue_full':
    case 'session_queue_full':
      return 'rate_limit_exceeded';
    case 'draining':
    case 'unavailable':
    case 'queue_unavailable':
    case 'upstream_unreachable':
      return 'server_error';
    default:
      return 'invalid_prompt';
  }
}

const CANCELLED: JsonObject = { code: 'invalid_prompt', message: 'The response was cancelled.' };

/** @param at milliseconds. @returns whole seconds. */
function seconds(at: number): number {
  return Math.floor(at / 1_000);
}
