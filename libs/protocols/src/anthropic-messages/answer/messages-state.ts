import { NO_USAGE, type JsonObject, type LoggedEvent, type Usage } from '#libs/contract';
import type { Move } from '../../protocol/moves.js';
import { NO_FRAMES, type SseFrame } from '../../sse-frame.js';
import { readEcho, type MessagesEcho } from '../messages-echo.js';

/** What the encoder remembers of the stream it has written. Never changed in place. */
export interface MessagesState {
  readonly echo: MessagesEcho;
  /** started: `message_start` was sent. ended: nothing follows. */
  readonly stage: 'new' | 'started' | 'ended';
  /** Blocks begun so far: the index of the next. */
  readonly blocks: number;
  readonly open: OpenBlock | null;
  /** Something of the open step was sent that counts as the answer and cannot be taken back. */
  readonly isCommitted: boolean;
  /**
   * Words and calls that came while the block of another call was open. Neighbouring pieces are joined, so that there
   * are no more of them than items in the answer.
   */
  readonly held: readonly LoggedEvent[];
  /** By call of the caller in this step: the arguments that were sent. */
  readonly sent: Readonly<Record<string, string>>;
  /** What upstreams attached to calls of this step: told when the step ends. */
  readonly attached: Readonly<Record<string, JsonObject>>;
  /** Hidden reasoning of this step, kept for a call that has to bring it back. */
  readonly hidden: readonly string[];
  /** The gateway's own calls of this step that are not told of to their end, in the order in which they were made. */
  readonly runs: readonly ServerRun[];
  readonly hasClientCalls: boolean;
  readonly hasRefused: boolean;
  readonly usage: Usage;
}

export type OpenBlock =
  | { readonly kind: 'text'; readonly step: number; readonly head: string }
  /** `text`: as far as it is needed for the block's end. */
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

/** What is forgotten when a step begins. */
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
