import { NO_USAGE, type Usage } from '#libs/contract';
import { chunkShape, type ChunkShape, type TextField } from './chunk.js';

/** What an encoder remembers of the stream that it has written. Never changed in place. */
export interface ChatState {
  readonly shape: ChunkShape;
  readonly includeUsage: boolean;
  readonly usageOnFinish: boolean;
  readonly wantsLogprobs: boolean;
  /** Names of the caller's tools with free text. */
  readonly custom: ReadonlySet<string>;
  /** The run whose waiting calls are said in the text. Absent: they are not. */
  readonly saysApprovalsOf?: string;
  /** The chunk with the role has been sent. */
  readonly opened: boolean;
  /** [DONE] has been sent: nothing follows it. */
  readonly ended: boolean;
  /** The last step with text of this kind, 0 for none. The first text of a later step begins with a separator. */
  readonly said: Readonly<Record<TextField, number>>;
  /** A part of the open step was sent that counts as the answer and cannot be taken back. */
  readonly committed: boolean;
  /** The text of the open block of reasoning, and how many entries of `reasoning_details` were sent. */
  readonly reasoning: { readonly step: number; readonly text: string; readonly details: number };
  /** The caller's calls, in the order of their `index`. */
  readonly calls: readonly SentCall[];
  /** The gateway's calls that may still have something to show. */
  readonly serverCalls: readonly ServerCall[];
  /** Images shown so far. */
  readonly images: number;
  readonly usage: Usage;
  /** The tier of the last step whose upstream reported one. */
  readonly serviceTier?: string;
}

/**
 * A call that the caller executes. Its `index` is its position in this list: without gaps over the whole answer, from
 * 0.
 */
export interface SentCall {
  readonly callId: string;
  /** The arguments sent so far. */
  readonly sent: string;
  /** Its `extra_content` was sent. */
  readonly hasExtra: boolean;
  /** Its input is one text, which is known when the call is complete. */
  readonly isCustom: boolean;
}

/** A call that the gateway executes itself. */
export interface ServerCall {
  readonly callId: string;
  readonly name: string;
  readonly label: string;
  /** Its start was shown, so its end will be. */
  readonly shown: boolean;
}

export function begin(): ChatState {
  return {
    shape: chunkShape({ runId: '', model: '', echo: {}, at: 0 }),
    includeUsage: false,
    usageOnFinish: false,
    wantsLogprobs: false,
    custom: new Set(),
    opened: false,
    ended: false,
    said: { content: 0, reasoning_content: 0, refusal: 0 },
    committed: false,
    reasoning: { step: 0, text: '', details: 0 },
    calls: [],
    serverCalls: [],
    images: 0,
    usage: NO_USAGE,
  };
}
