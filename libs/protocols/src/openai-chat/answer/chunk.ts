import type { EventOf, JsonObject, JsonValue, LoggedEvent, Usage } from '#libs/contract';
import type { SseFrame } from '../../sse-frame.js';
import { chatCreated, chatId, chatUsage, type ChatFinish } from './chat-answer.js';
import { readEcho } from '../chat-echo.js';

/** The fields of a delta that carry text. */
export type TextField = 'content' | 'reasoning_content' | 'refusal';

/** JSON text that all chunks of a run share, so that a token costs one JSON.stringify of its text. */
export interface ChunkShape {
  /** `{"id":...,"model":...`, open. */
  readonly identity: string;
  /** From the beginning to the value of `delta`. */
  readonly head: string;
  /** What follows a delta when there are no logprobs and no end. */
  readonly tail: string;
  /** `,"usage":null` when usage was asked for, else nothing. */
  readonly noUsage: string;
}

export type QueuedEvent = LoggedEvent<EventOf<'run.queued'>>;

export function chunkShape({
  runId,
  model,
  echo,
  at,
}: Pick<QueuedEvent, 'runId' | 'model' | 'echo' | 'at'>): ChunkShape {
  const fields = { id: chatId(runId), object: 'chat.completion.chunk', created: chatCreated(at), model };
  const identity = JSON.stringify(fields).slice(0, -1);
  const noUsage = readEcho(echo).includeUsage ? ',"usage":null' : '';
  return {
    identity,
    head: `${identity},"choices":[{"index":0,"delta":`,
    tail: `,"logprobs":null,"finish_reason":null}]${noUsage}}`,
    noUsage,
  };
}

/** The hot path: one token. */
export function textChunk({ head, tail }: ChunkShape, field: TextField, text: string): SseFrame {
  return { data: `${head}{"${field}":${JSON.stringify(text)}}${tail}` };
}

export function deltaChunk({ head, tail }: ChunkShape, delta: JsonObject): SseFrame {
  return { data: `${head}${JSON.stringify(delta)}${tail}` };
}

export function logprobsChunk({ head, noUsage }: ChunkShape, text: string, logprobs: readonly JsonValue[]): SseFrame {
  const told = JSON.stringify({ content: logprobs, refusal: null });
  return { data: `${head}${JSON.stringify({ content: text })},"logprobs":${told},"finish_reason":null}]${noUsage}}` };
}

/**
 * The last chunk with a choice. `usage` only for clients that look for it here, `tier` when the upstream reported one.
 */
export function finishChunk(
  { head, noUsage }: ChunkShape,
  finish: ChatFinish,
  { usage, tier }: { readonly usage?: Usage | undefined; readonly tier?: string | undefined },
): SseFrame {
  const tierText = tier === undefined ? '' : `,"service_tier":${JSON.stringify(tier)}`;
  const usageText = usage ? `,"usage":${JSON.stringify(chatUsage(usage))}` : noUsage;
  return { data: `${head}{},"logprobs":null,"finish_reason":"${finish}"}]${tierText}${usageText}}` };
}

export function usageChunk({ identity }: ChunkShape, usage: Usage): SseFrame {
  return { data: `${identity},"choices":[],"usage":${JSON.stringify(chatUsage(usage))}}` };
}

/**
 * A side event next to the chunks. The official SDKs pass on the data of every event, whatever its name, as a chunk. So
 * it is a chunk with an empty delta and with `fields` in addition, which clients that know the event read.
 */
export function sideEvent({ head, tail }: ChunkShape, event: string, fields: JsonObject): SseFrame {
  return { event, data: `${head}{}${tail.slice(0, -1)},${JSON.stringify(fields).slice(1)}` };
}
