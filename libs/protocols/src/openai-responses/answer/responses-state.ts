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

/** What the encoder remembers of a run and of the stream it has written. Never changed in place. */
export interface ResponsesState {
  /** The run so far, without the text of `text` and the arguments of `calls`: those are folded when they are whole. */
  readonly run: RunSnapshot;
  readonly echo: ResponsesEcho;
  /** Of the next frame. */
  readonly sequence: number;
  /** created: `response.created` was said. open: `response.in_progress` too. ended: [DONE] was, and nothing follows. */
  readonly stage: 'new' | 'created' | 'open' | 'ended';
  /** Output items announced so far: the next `output_index`. */
  readonly outputCount: number;
  /** The text that deltas go on with. */
  readonly text: OpenText | null;
  /** The calls of the open step. */
  readonly calls: readonly OpenCall[];
}

export interface OpenText {
  readonly head: TextHead;
  readonly text: string;
  readonly logprobs: readonly JsonValue[];
  readonly citations: readonly Citation[];
  /** Of reasoning: its upstream's state, which ends the item. */
  readonly seal?: ReasoningSeal;
  /** The item was announced. An item without a word is announced only at its end, for its encrypted content. */
  readonly isShown: boolean;
}

/** What stays the same while a text grows, apart from it, so that a token copies little. */
export interface TextHead {
  readonly kind: TextKind;
  readonly step: number;
  readonly id: string;
  readonly outputIndex: number;
  /** A delta frame up to its number, and from there to the words. */
  readonly deltaBegin: string;
  readonly deltaMiddle: string;
}

export interface OpenCall {
  readonly callId: string;
  readonly step: number;
  readonly name: string;
  readonly executedBy: ExecutedBy;
  readonly form: CallForm;
  /** Not told of: see `isHiddenCall`. */
  readonly isHidden: boolean;
  /** Its place among `items` of the run. */
  readonly itemIndex: number;
  readonly outputIndex: number;
  /** As far as they were sent. */
  readonly arguments: string;
  /** The end of its arguments was said. */
  readonly isSaid: boolean;
  /** `output_item.done` was said. */
  readonly isClosed: boolean;
  /** Its result was told. */
  readonly isAnswered: boolean;
}

export function begin(): ResponsesState {
  return {
    run: EMPTY_SNAPSHOT,
    echo: readEcho({}),
    sequence: 0,
    stage: 'new',
    outputCount: 0,
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
