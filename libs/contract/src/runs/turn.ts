import type { JsonObject } from '../json.js';
import { LIMITS } from '../limits.js';
import type { AssistantMessage, ContentPart, Message, Reasoning, ToolCall, ToolMessage } from '../message.js';
import { isCertain, type OutputItem, type TextItem, type ToolCallItem } from './output-item.js';
import { hasEnded, joinedText, type RunSnapshot } from './run-snapshot.js';
import type { RunSpec } from './run-spec.js';

/** The input of a run, without the conversation before it. */
export interface RunInput {
  readonly messages: readonly Message[];
  /** The same input as the protocol lists it. */
  readonly items?: readonly JsonObject[];
  /** What else was asked. Absent: too much to keep, or a row of an earlier version. */
  readonly manner?: AskedManner;
}

/** What another run needs to ask the same again, besides the messages. Of `spend` it is the bound of the run alone. */
export type AskedManner = Pick<RunSpec, 'tools' | 'toolChoice' | 'sampling'> &
  Partial<
    Pick<
      RunSpec,
      'instructions' | 'truncation' | 'toolCallsMax' | 'approvals' | 'compaction' | 'compacts' | 'generate' | 'spend'
    >
  >;

/** What of a spec is kept with its run. */
export function inputOf(spec: RunSpec): RunInput {
  const { messages, input } = spec;
  const manner = mannerOf(spec);
  const isKept = !spec.context && JSON.stringify(manner).length <= LIMITS.askedMannerCharsMax;
  return { messages, ...(input && { items: input }), ...(isKept && { manner }) };
}

/** See `AskedManner`. */
export function mannerOf(spec: AskedManner): AskedManner {
  const { tools, toolChoice, sampling, instructions, truncation, toolCallsMax } = spec;
  const { approvals, compaction, compacts, generate, spend } = spec;
  return {
    tools,
    toolChoice,
    sampling,
    ...(instructions !== undefined && { instructions }),
    ...(truncation && { truncation }),
    ...(toolCallsMax !== undefined && { toolCallsMax }),
    ...(approvals && { approvals }),
    ...(compaction && { compaction }),
    ...(compacts && { compacts }),
    ...(generate !== undefined && { generate }),
    ...(spend?.run !== undefined && { spend: { run: spend.run } }),
  };
}

/** One run as part of a conversation. */
export interface Turn {
  readonly runId: string;
  readonly owner: string;
  /** The run of the previous turn. */
  readonly parentId?: string;
  /** Absent: the input was not kept. */
  readonly input?: RunInput;
  readonly snapshot: RunSnapshot;
  /** The run was deleted: a run that continues it reads it, and nobody is shown it. */
  readonly isDeleted?: true;
}

export function turnOf(snapshot: RunSnapshot, input: RunInput | undefined, isDeleted = false): Turn {
  const { runId, owner, parentId } = snapshot;
  return {
    runId,
    owner,
    ...(parentId !== undefined && { parentId }),
    ...(input && { input }),
    snapshot,
    ...(isDeleted && { isDeleted }),
  };
}

/** The text that tells a model what the conversation was before it was compacted. */
export function summaryText(summary: string): string {
  return `Summary of the conversation so far:\n${summary}`;
}

/**
 * A conversation after compaction: the summary, then the user's last message, which may be partly answered by now.
 * System text in the middle is part of the summary.
 */
export function compacted(before: readonly Message[], summary: string): Message[] {
  const told: Message = { role: 'user', content: summaryText(summary) };
  const last = before.findLast(({ role }) => role === 'user');
  return last ? [told, last] : [told];
}

/** What an answer is made of. */
type Said = Pick<RunSnapshot, 'status' | 'items' | 'steps' | 'steers' | 'sessionId'>;

/**
 * The conversation with everything that a run has said and done. Where the run has compacted it: from the last summary
 * on.
 */
export function continued(before: readonly Message[], snapshot: Said): Message[] {
  const item = snapshot.items.findLast((one) => one.status === 'completed' && isCompaction(one));
  if (item?.type !== 'text' || item.compaction === undefined) return [...before, ...answerMessages(snapshot)];
  const { steps, items, steers = [] } = snapshot;
  const later = {
    status: snapshot.status,
    ...(snapshot.sessionId !== undefined && { sessionId: snapshot.sessionId }),
    steps: steps.filter(({ step }) => step > item.step),
    items: items.filter(({ step }) => step > item.step),
    steers: steers.filter(({ afterStep }) => afterStep >= item.step),
  };
  const steered = steers.filter(({ afterStep }) => afterStep < item.step);
  const asked = [...before, ...steered.map(({ text }) => ({ role: 'user', content: text }) as const)];
  return [...compacted(asked, item.compaction), ...answerMessages(later)];
}

const isCompaction = (item: OutputItem): boolean => item.type === 'text' && item.compaction !== undefined;

/**
 * What the model said and what its tools answered: each completed step as the assistant's message, the results of its
 * calls in the order of the calls, then the texts that the user added meanwhile. The next model call of the same run
 * does not see interrupted and open steps. A run that continues an ended run also sees the last text of that run, even
 * if it was cut off, because the listeners saw it. Calls that do not count (`isCertain`) are left out.
 */
export function answerMessages(snapshot: Said): Message[] {
  const isOver = hasEnded(snapshot);
  const lastSaid = isOver ? snapshot.items.at(-1)?.step : undefined;
  const itemsOf = new Map<number, OutputItem[]>();
  for (const item of snapshot.items) {
    const items = itemsOf.get(item.step);
    if (items) items.push(item);
    else itemsOf.set(item.step, [item]);
  }
  const steersAfter = (step: number): Message[] =>
    (snapshot.steers ?? []).flatMap(({ afterStep, text }) =>
      afterStep === step ? [{ role: 'user', content: text }] : [],
    );
  const ofStep = isOver ? messagesOfOldStep : messagesOfStep;
  const { sessionId } = snapshot;
  const saidBy = (messages: Message[], upstream: string): Message[] =>
    sessionId === undefined
      ? messages
      : messages.map((one) => (one.role === 'assistant' ? { ...one, saidBy: { upstream, sessionId } } : one));
  return [
    ...steersAfter(0),
    ...snapshot.steps.flatMap(({ step, status, upstream }) => [
      ...(status === 'completed' || step === lastSaid
        ? saidBy(ofStep((itemsOf.get(step) ?? []).filter(isTold)), upstream)
        : []),
      ...steersAfter(step),
    ]),
  ];
}

/** Empty for a step in which the model said nothing. */
function messagesOfOldStep(items: readonly OutputItem[]): Message[] {
  const said = items.filter((item) => (item.type === 'tool_call' ? isCertain(item) : isSaid(item)));
  return said.every(({ type }) => type === 'reasoning') ? [] : messagesOfStep(said);
}

function messagesOfStep(items: readonly OutputItem[]): Message[] {
  const calls = items.filter((item) => item.type === 'tool_call');
  const refusal = joinedText(items, 'refusal');
  const reasoning = reasoningOf(items);
  const assistant: AssistantMessage = {
    role: 'assistant',
    text: saidOf(items),
    toolCalls: calls.map(callOf),
    ...(refusal !== '' && { refusal }),
    ...(reasoning.length > 0 && { reasoning }),
  };
  const results = calls.flatMap(({ callId, output, isError }): ToolMessage[] =>
    output === undefined ? [] : [{ role: 'tool', callId, output, ...(isError && { isError }) }],
  );
  const images = [...calls.flatMap(imageParts), ...ownImages(items)];
  return [assistant, ...results, ...(images.length > 0 ? [{ role: 'user', content: images } as const] : [])];
}

/** Upstreams accept images from users only, so images of results go into a user message after all results. */
function imageParts({ callId, images = [] }: ToolCallItem): ContentPart[] {
  if (images.length === 0) return [];
  const head = { type: 'text', text: `Images in the result of the call ${callId}:` } as const;
  return [head, ...images.map((url) => ({ type: 'image', url }) as const)];
}

const isTold = (item: OutputItem): boolean => !isCompaction(item);

/** An answer that only has images gets a text, because upstreams refuse an empty message. */
function saidOf(items: readonly OutputItem[]): string {
  const text = joinedText(items, 'text');
  const isImageAlone = text === '' && items.every((item) => item.type !== 'tool_call') && imagesOf(items).length > 0;
  return isImageAlone ? IMAGE_ALONE : text;
}

const imagesOf = (items: readonly OutputItem[]): string[] =>
  items.flatMap((item) => (item.type === 'text' && item.image !== undefined ? [item.image] : []));

/** Images from the model come after its message, for the same reason as images of results. */
function ownImages(items: readonly OutputItem[]): ContentPart[] {
  const images = imagesOf(items);
  return images.length === 0 ? [] : picturesOf(images);
}

/** Text of an assistant message that only has images. */
export const IMAGE_ALONE = '[image]';

/** A user message with the images that the model produced. */
export function picturesOf(urls: readonly string[]): ContentPart[] {
  const head = { type: 'text', text: 'Images in the answer of the assistant:' } as const;
  return [head, ...urls.map((url) => ({ type: 'image', url }) as const)];
}

const isSaid = ({ text, seal, image }: TextItem): boolean => text !== '' || seal !== undefined || image !== undefined;

const callOf = ({ callId, name, arguments: text, extraContent }: ToolCallItem): ToolCall => ({
  callId,
  name,
  arguments: text,
  ...(extraContent && { extraContent }),
});

/** The reasoning of one step, each block with its position in the step's message. */
function reasoningOf(items: readonly OutputItem[]): Reasoning[] {
  let chars = 0;
  let calls = 0;
  const blocks: Reasoning[] = [];
  for (const item of items) {
    if (item.type === 'tool_call') calls++;
    else if (item.type === 'text') chars += item.text.length;
    else if (item.type === 'reasoning' && isSaid(item)) {
      const at = chars + calls > 0 && { at: { chars, calls } };
      blocks.push({ text: item.text, ...(item.seal && { seal: item.seal }), ...at });
    }
  }
  return blocks;
}
