import type { Citation, FinishReason, IncompleteReason, JsonObject, Usage } from '#libs/contract';
import type { SseFrame } from '../../sse-frame.js';

/** The end of every stream (AI SDK 7, "Stream Protocols"). */
export const DONE: SseFrame = { data: '[DONE]' };

/** One chunk of AI SDK's `UIMessageChunk`. */
export function chunk(type: string, fields: JsonObject = {}): SseFrame {
  return { data: JSON.stringify({ type, ...fields }) };
}

/** The hot path: one token. */
export function deltaChunk(kind: 'text' | 'reasoning', id: string, text: string): SseFrame {
  return { data: `{"type":"${kind}-delta","id":"${id}","delta":${JSON.stringify(text)}}` };
}

type UiFinish = 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other';

/** Of a run that was completed. */
export const FINISH: Readonly<Record<Extract<FinishReason, 'stop' | 'tool_calls'>, UiFinish>> = {
  stop: 'stop',
  tool_calls: 'tool-calls',
};

/** Of one that was not. */
export const FINISH_OF_INCOMPLETE: Readonly<Record<IncompleteReason, UiFinish>> = {
  max_output_tokens: 'length',
  content_filter: 'content-filter',
  max_steps: 'other',
  max_cost: 'length',
};

/** `metadata` of a message when it begins: pages need the run's id to stop or to steer it. */
export function startMetadata({ runId, model }: { readonly runId: string; readonly model: string }): JsonObject {
  return { runId, model };
}

/** `metadata` that is added when it ends, in AI SDK's names. */
export function endMetadata(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage;
  const totalTokens = inputTokens + outputTokens;
  return { usage: { inputTokens, outputTokens, totalTokens, cachedInputTokens, reasoningTokens } };
}

/** A page that words rest on. */
export function sourcePart({ url, title }: Citation): JsonObject {
  return { sourceId: url, url, ...(title !== '' && { title }) };
}

/** An image that the model shows. @param url a data URL. */
export function filePart(url: string): JsonObject {
  return { mediaType: /^data:([^;,]+)/.exec(url)?.[1] ?? 'image/png', url };
}
