import {
  EMPTY_SNAPSHOT,
  type Citation,
  type ExecutedBy,
  type JsonObject,
  type JsonValue,
  type ReasoningSeal,
  type RunSnapshot,
} from '#libs/contract';
import type { Move } from '../../protocol/moves.js';
import type { CallForm, TextKind } from './output-item.js';
import { readEcho, type ResponsesEcho } from './responses-echo.js';

/** What the encoder remembers of a run and of the stream that it has written. Never changed in place. */
export interface ResponsesState {
  /**
   * The run so far, without the text of `text` and the arguments of `calls`, which are folded when they are complete.
   */
  readonly run: RunSnapshot;
  readonly echo: ResponsesEcho;
  /** Number of the next frame. */
  readonly sequence: number;
  /**
   * created: `response.created` was sent. open: `response.in_progress` too. ended: [DONE] was sent, and nothing
   * follows.
   */
  readonly stage: 'new' | 'created' | 'open' | 'ended';
  /** Output items announced so far: the next `output_index`. */
  readonly outputCount: number;
  /** Items with words of the gateway, and their places in the output. */
  readonly told: readonly ToldItem[];
  /** The text that deltas continue. */
  readonly text: OpenText | null;
  /** The calls of the open step. */
  readonly calls: readonly OpenCall[];
}

/** An item that is in the stream and in its last event alone. */
export interface ToldItem {
  readonly outputIndex: number;
  readonly item: JsonObject;
}

export interface OpenText {
  readonly head: TextHead;
  readonly text: string;
  readonly logprobs: readonly JsonValue[];
  readonly citations: readonly Citation[];
  /** For reasoning: its upstream's state, which ends the item. */
  readonly seal?: ReasoningSeal;
  /** The item was announced. An item without text is announced only at its end, for its encrypted content. */
  readonly isShown: boolean;
}

/** The parts that stay the same while a text grows, kept apart so that a token copies little. */
export interface TextHead {
  readonly kind: TextKind;
  readonly step: number;
  readonly id: string;
  readonly outputIndex: number;
  /** A delta frame up to its number, and from there to the text. */
  readonly deltaBegin: string;
  readonly deltaMiddle: string;
}

export interface OpenCall {
  readonly callId: string;
  readonly step: number;
  readonly name: string;
  readonly executedBy: ExecutedBy;
  readonly form: CallForm;
  /** The call is not shown: see `isHiddenCall`. */
  readonly isHidden: boolean;
  /** Its position among `items` of the run. */
  readonly itemIndex: number;
  readonly outputIndex: number;
  /** The arguments sent so far. */
  readonly arguments: string;
  /** The end of its arguments was sent. */
  readonly isSaid: boolean;
  /** `output_item.done` was sent. */
  readonly isClosed: boolean;
  /** Its result was sent. */
  readonly isAnswered: boolean;
}

export function begin(): ResponsesState {
  return {
    run: EMPTY_SNAPSHOT,
    echo: readEcho({}),
    sequence: 0,
    stage: 'new',
    outputCount: 0,
    told: [],
    text: null,
    calls: [],
  };
}

/** One event of the stream, with the next number. */
export function say(type: string, fields: JsonObject): Move<ResponsesState> {
  return (state) => {
    const data = JSON.stringify({ type, sequence_number: state.sequence, ...fields });
    return [{ ...state, sequence: state.sequence + 1 }, [{ event: type, data }]];
  };
}
