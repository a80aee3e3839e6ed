import { NO_USAGE, type JsonObject, type Usage } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
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
  /** The caller's calls of this step whose blocks are not finished, in their order: the first one may be open. */
  readonly calls: readonly WaitingCall[];
  /** Hidden reasoning of this step, kept for a call that has to bring it back. */
  readonly hidden: readonly string[];
  /** Calls of the gateway, by name, that were announced. */
  readonly ran: Readonly<Record<string, { readonly name: string; readonly arguments: string }>>;
  readonly hasClientCalls: boolean;
  readonly hasRefused: boolean;
  readonly usage: Usage;
}

export type OpenBlock =
  | { readonly kind: 'text'; readonly step: number; readonly head: string }
  /** `text`: as far as it is needed for the block's end. */
  | { readonly kind: 'thinking'; readonly step: number; readonly head: string; readonly text: string }
  | { readonly kind: 'tool_use'; readonly callId: string };

/** A call of the caller's tool. */
export interface WaitingCall {
  readonly callId: string;
  readonly name: string;
  readonly extraContent?: JsonObject;
  /** Arguments so far, and how many characters of them were sent. */
  readonly arguments: string;
  readonly sent: number;
}

export function begin(): MessagesState {
  return {
    echo: readEcho({}),
    stage: 'new',
    blocks: 0,
    open: null,
    isCommitted: false,
    calls: [],
    hidden: [],
    ran: {},
    hasClientCalls: false,
    hasRefused: false,
    usage: NO_USAGE,
  };
}

/** One step of the stream, after which others may follow. */
export type Move = (state: MessagesState) => Encoded<MessagesState>;

/** Makes moves one after the other and gives all their frames. */
export function inTurn(state: MessagesState, ...moves: readonly Move[]): Encoded<MessagesState> {
  const frames: SseFrame[] = [];
  let current = state;
  for (const move of moves) {
    const [next, said] = move(current);
    current = next;
    frames.push(...said);
  }
  return [current, frames];
}

/** One event of the stream. Clients read it by its `event:` name. */
export function frame(type: string, fields: JsonObject): SseFrame {
  return { event: type, data: JSON.stringify({ type, ...fields }) };
}

export const nothing: Move = (state) => [state, NO_FRAMES];
