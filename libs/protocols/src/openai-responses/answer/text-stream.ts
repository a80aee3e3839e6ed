import {
  fold,
  textStart,
  type Citation,
  type EventOf,
  type JsonObject,
  type JsonValue,
  type LoggedEvent,
} from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { itemIdOf } from '../ids.js';
import { packReasoning } from '../../sealed-reasoning.js';
import {
  annotationOf,
  imageItem,
  textId,
  textItem,
  textPart,
  type Phase,
  type TextKind,
  type TextOutput,
  type WireStatus,
} from './output-item.js';
import { inTurn, type Move } from '../../protocol/moves.js';
import { say, type OpenText, type ResponsesState, type TextHead } from './responses-state.js';

export type TextEvent = LoggedEvent<EventOf<'text.delta' | 'reasoning.delta' | 'refusal.delta'>>;

/** The frames of the three kinds of text. Reasoning is sent as a summary, the form that both specifications have. */
interface Words {
  readonly event: 'text.delta' | 'reasoning.delta' | 'refusal.delta';
  readonly partAdded: string;
  readonly delta: string;
  readonly done: string;
  readonly partDone: string;
  /** The name of a part's number in its item. */
  readonly index: 'content_index' | 'summary_index';
  /** The key of the whole text in `done`. */
  readonly whole: 'text' | 'refusal';
}

const WORDS: Readonly<Record<TextKind, Words>> = {
  text: {
    event: 'text.delta',
    partAdded: 'response.content_part.added',
    delta: 'response.output_text.delta',
    done: 'response.output_text.done',
    partDone: 'response.content_part.done',
    index: 'content_index',
    whole: 'text',
  },
  refusal: {
    event: 'refusal.delta',
    partAdded: 'response.content_part.added',
    delta: 'response.refusal.delta',
    done: 'response.refusal.done',
    partDone: 'response.content_part.done',
    index: 'content_index',
    whole: 'refusal',
  },
  reasoning: {
    event: 'reasoning.delta',
    partAdded: 'response.reasoning_summary_part.added',
    delta: 'response.reasoning_summary_text.delta',
    done: 'response.reasoning_summary_text.done',
    partDone: 'response.reasoning_summary_part.done',
    index: 'summary_index',
    whole: 'text',
  },
};

const KIND_OF = { 'text.delta': 'text', 'reasoning.delta': 'reasoning', 'refusal.delta': 'refusal' } as const;
const NO_LOGPROBS: readonly JsonValue[] = [];

/**
 * The hot path. A delta continues the open item when both have the same kind and step, as in `fold`; else it begins
 * one.
 */
export function speak(state: ResponsesState, event: TextEvent): Encoded<ResponsesState> {
  const kind = KIND_OF[event.type];
  const { text } = state;
  if (text && !text.seal && text.head.kind === kind && text.head.step === event.step) return goOn(state, text, event);
  return inTurn(state, settleText('completed', event, 'commentary'), (settled) => {
    const nothing = { text: '', logprobs: NO_LOGPROBS, citations: [], isShown: false };
    const opened: OpenText = { head: headOf(settled, kind, event), ...nothing };
    return goOn(settled, opened, event);
  });
}

/** An image of the model: an item of its own, complete at once. */
export function showImage(state: ResponsesState, event: LoggedEvent<EventOf<'text.delta'>>): Encoded<ResponsesState> {
  return inTurn(state, settleText('completed', event, 'commentary'), (settled) => {
    const { run, outputCount } = settled;
    const id = itemIdOf('image_generation_call', run.runId, 'o', run.items.length);
    const place = { output_index: outputCount };
    return inTurn(
      { ...settled, run: fold(run, event), outputCount: outputCount + 1 },
      say('response.output_item.added', { ...place, item: imageItem(id) }),
      say('response.image_generation_call.completed', { item_id: id, ...place }),
      say('response.output_item.done', { ...place, item: imageItem(id, event.image) }),
    );
  });
}

/** Ends the open text item, if there is one, and folds it into the run. */
export function settleText(
  status: WireStatus,
  { seq, at }: Pick<LoggedEvent, 'seq' | 'at'>,
  phase?: Phase,
): Move<ResponsesState> {
  return (state) => {
    const { text } = state;
    if (!text) return [state, NO_FRAMES];
    const { head, logprobs, citations, seal } = text;
    const spoken = {
      type: WORDS[head.kind].event,
      step: head.step,
      text: text.text,
      seq,
      at,
      ...(logprobs.length > 0 && { logprobs }),
      ...(citations.length > 0 && { citations }),
      ...(seal && { seal }),
    } as TextEvent;
    const settled = { ...state, run: fold(state.run, spoken), text: null };
    const output = { ...outputOf(text, state, status), ...(phase && { phase }) };
    if (text.isShown) return inTurn(settled, ...closing(output, head, status));
    return output.encrypted === undefined ? [settled, NO_FRAMES] : inTurn(settled, ...wordless(output, head));
  };
}

function headOf({ run, outputCount }: ResponsesState, kind: TextKind, { step }: TextEvent): TextHead {
  const id = textId(kind, run.runId, run.items.length);
  const place = JSON.stringify({ item_id: id, output_index: outputCount, [WORDS[kind].index]: 0 });
  return {
    kind,
    step,
    id,
    outputIndex: outputCount,
    deltaBegin: `{"type":"${WORDS[kind].delta}","sequence_number":`,
    deltaMiddle: `,${place.slice(1, -1)},"delta":`,
  };
}

function goOn(state: ResponsesState, open: OpenText, event: TextEvent): Encoded<ResponsesState> {
  const given = event.type === 'text.delta' ? event.logprobs : undefined;
  const { head, isShown } = open;
  const logprobs = given ? [...open.logprobs, ...given] : open.logprobs;
  const seal = event.type === 'reasoning.delta' ? event.seal : undefined;
  const { citations } = open;
  const text: OpenText = {
    head,
    text: open.text + event.text,
    logprobs,
    citations,
    isShown: true,
    ...(seal && { seal }),
  };
  if (event.type === 'text.delta' && event.citations)
    return cite(state, open, { ...event, citations: event.citations });
  const shown = state.echo.logprobs && given ? given : NO_LOGPROBS;
  if (isShown && (event.text !== '' || shown.length > 0)) return delta(state, text, event.text, shown);
  if (event.text === '' && shown.length === 0) return [{ ...state, text: { ...text, isShown } }, NO_FRAMES];
  return inTurn(state, announce(head), (announced) => delta(announced, text, event.text, shown));
}

/** Sends citations, after the text that comes with them. */
function cite(
  state: ResponsesState,
  open: OpenText,
  { citations, ...words }: LoggedEvent<EventOf<'text.delta'>> & { readonly citations: readonly Citation[] },
): Encoded<ResponsesState> {
  const { head, isShown } = open;
  const told = annotationsOf(citations, head, state).map((annotation, i) =>
    say('response.output_text.annotation.added', {
      ...placeOf(head),
      annotation_index: open.citations.length + i,
      annotation,
    }),
  );
  const noted = { ...open, citations: [...open.citations, ...citations], isShown: true };
  return inTurn(
    state,
    (current) => (isShown ? [current, NO_FRAMES] : announce(head)(current)),
    (shown) => goOn(shown, noted, words),
    ...told,
  );
}

function annotationsOf(
  citations: readonly Citation[],
  { step }: TextHead,
  { run }: Pick<ResponsesState, 'run'>,
): readonly JsonObject[] {
  if (citations.length === 0) return [];
  const start = textStart(run.items, step);
  return citations.map((citation) => annotationOf(citation, start));
}

/** One token: one string around one JSON.stringify. */
function delta(
  state: ResponsesState,
  text: OpenText,
  words: string,
  logprobs: readonly JsonValue[],
): Encoded<ResponsesState> {
  const { kind, deltaBegin, deltaMiddle } = text.head;
  const tail = kind !== 'text' ? '}' : logprobs.length === 0 ? ',"logprobs":[]}' : withLogprobs(logprobs);
  const data = deltaBegin + state.sequence + deltaMiddle + JSON.stringify(words) + tail;
  return [{ ...state, text, sequence: state.sequence + 1 }, [{ event: WORDS[kind].delta, data }]];
}

function withLogprobs(logprobs: readonly JsonValue[]): string {
  return `,"logprobs":${JSON.stringify(logprobs)}}`;
}

function announce(head: TextHead): Move<ResponsesState> {
  const { kind, id } = head;
  const item = textItem({ kind, id, text: '', logprobs: NO_LOGPROBS }, 'in_progress', 'empty');
  const part = textPart({ kind, text: '', logprobs: NO_LOGPROBS });
  return (state) =>
    inTurn(
      { ...state, outputCount: state.outputCount + 1 },
      say('response.output_item.added', { output_index: head.outputIndex, item }),
      say(WORDS[kind].partAdded, { ...placeOf(head), part }),
    );
}

function closing(output: TextOutput, head: TextHead, status: WireStatus): readonly Move<ResponsesState>[] {
  const words = WORDS[head.kind];
  const logprobs = head.kind === 'text' ? { logprobs: output.logprobs } : {};
  return [
    say(words.done, { ...placeOf(head), [words.whole]: output.text, ...logprobs }),
    say(words.partDone, { ...placeOf(head), part: textPart(output) }),
    say('response.output_item.done', { output_index: head.outputIndex, item: textItem(output, status) }),
  ];
}

/** Reasoning without readable text: an item without a part. */
function wordless(output: TextOutput, { outputIndex }: TextHead): readonly Move<ResponsesState>[] {
  const { encrypted: _, ...opened } = output;
  return [
    (state) => [{ ...state, outputCount: state.outputCount + 1 }, NO_FRAMES],
    say('response.output_item.added', { output_index: outputIndex, item: textItem(opened, 'in_progress', 'empty') }),
    say('response.output_item.done', { output_index: outputIndex, item: textItem(output, 'completed') }),
  ];
}

/** Logprobs and encrypted reasoning that were not requested are not shown. */
function outputOf(open: OpenText, state: ResponsesState, status: WireStatus): TextOutput {
  const { head, text, logprobs, citations, seal } = open;
  const { echo } = state;
  const annotations = annotationsOf(citations, head, state);
  const { kind, id } = head;
  const isSealed = echo.encrypted && kind === 'reasoning' && status === 'completed';
  const encrypted =
    isSealed && (text !== '' || seal) ? { encrypted: packReasoning({ text, ...(seal && { seal }) }) } : {};
  return { kind, id, text, annotations, logprobs: echo.logprobs ? logprobs : NO_LOGPROBS, ...encrypted };
}

function placeOf({ kind, id, outputIndex }: TextHead): JsonObject {
  return { item_id: id, output_index: outputIndex, [WORDS[kind].index]: 0 };
}
