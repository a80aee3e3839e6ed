import { NO_USAGE, type Usage } from '#libs/contract';
import { chunkShape, type ChunkShape, type TextField } from './chunk.js';

/** What an encoder remembers of the stream it has written. Never changed in place. */
export interface ChatState {
  readonly shape: ChunkShape;
  readonly includeUsage: boolean;
  readonly usageOnFinish: boolean;
  readonly wantsLogprobs: boolean;
  /** The caller's tools of free text, by their names. */
  readonly custom: ReadonlySet<string>;
  /** The chunk with the role has been sent. */
  readonly opened: boolean;
  /** [DONE] has been sent: nothing follows it. */
  readonly ended: boolean;
  /**
   * The last step that said something of this kind; 0: none did. The first words of a later one begin with a separator.
   */
  readonly said: Readonly<Record<TextField, number>>;
  /** Something of the open step was sent that counts as the answer and cannot be taken back. */
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
  /** Of the last step whose upstream told it. */
  readonly serviceTier?: string;
}

/** A call that the caller executes. Its `index` is its place in the list: dense over the whole answer, from 0. */
export interface SentCall {
  readonly callId: string;
  /** The arguments as far as they were sent. */
  readonly sent: string;
  /** Its `extra_content` was sent. */
  readonly hasExtra: boolean;
  /** Its input is one text, which is known when the call is whole. */
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
