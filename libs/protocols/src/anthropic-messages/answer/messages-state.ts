import { NO_USAGE, type JsonObject, type LoggedEvent, type Usage } from '#libs/contract';
import type { Move } from '../../protocol/moves.js';
import { NO_FRAMES, type SseFrame } from '../../sse-frame.js';
import { readEcho, type MessagesEcho } from '../messages-echo.js';

/** What the encoder remembers of the stream that it has written. Never changed in place. */
export interface MessagesState {
  readonly echo: MessagesEcho;
  /** The run, when calls that wait for approval are told in the text. */
  readonly saysApprovalsOf?: string;
  /** started: `message_start` was sent. ended: nothing follows. */
  readonly stage: 'new' | 'started' | 'ended';
  /** Number of blocks begun so far, which is the index of the next. */
  readonly blocks: number;
  readonly open: OpenBlock | null;
  /** A part of the open step was sent that counts as the answer and cannot be taken back. */
  readonly isCommitted: boolean;
  /**
   * Text and calls that came while the block of another call was open. Neighbouring pieces are joined, so there are no
   * more of them than items in the answer.
   */
  readonly held: readonly LoggedEvent[];
  /** The arguments sent so far for each of the caller's calls in this step. */
  readonly sent: Readonly<Record<string, string>>;
  /** State that upstreams attached to calls of this step; sent when the step ends. */
  readonly attached: Readonly<Record<string, JsonObject>>;
  /** Hidden reasoning of this step, kept for a call that has to return it. */
  readonly hidden: readonly string[];
  /** The gateway's own calls of this step that are not fully sent, in the order in which the model made them. */
  readonly runs: readonly ServerRun[];
  readonly hasClientCalls: boolean;
  readonly hasRefused: boolean;
  readonly usage: Usage;
}

export type OpenBlock =
  | { readonly kind: 'text'; readonly step: number; readonly head: string }
  /** `text`: only as much as the block's end needs. */
  | { readonly kind: 'thinking'; readonly step: number; readonly head: string; readonly text: string }
  | { readonly kind: 'tool_use'; readonly callId: string };

/** A call that the gateway executes. */
export interface ServerRun {
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
  readonly hasStarted: boolean;
  /** Its start was sent. */
  readonly isTold: boolean;
  readonly result?: { readonly output: string; readonly isError: boolean };
}

/** The fields that are reset when a step begins. */
export const NEW_STEP = {
  isCommitted: false,
  held: [],
  sent: {},
  attached: {},
  hidden: [],
  runs: [],
  hasRefused: false,
} as const satisfies Partial<MessagesState>;

export function begin(): MessagesState {
  return {
    echo: readEcho({}),
    stage: 'new',
    blocks: 0,
    open: null,
    ...NEW_STEP,
    hasClientCalls: false,
    usage: NO_USAGE,
  };
}

/** One event of the stream. Clients read it by its `event:` name. */
export function frame(type: string, fields: JsonObject): SseFrame {
  return { event: type, data: JSON.stringify({ type, ...fields }) };
}

export const nothing: Move<MessagesState> = (state) => [state, NO_FRAMES];
