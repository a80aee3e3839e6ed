import {
  type AnswerOutcome,
  type AppendBatch,
  type AppendReply,
  type ApprovalDecision,
  type BegunEvent,
  type CancelOutcome,
  type CancelReason,
  type Claim,
  type Controls,
  LIMITS,
  type OpenOutcome,
  type ParkOutcome,
  parseRunSpec,
  type RunEvent,
  type RunHead,
  type RunSpec,
  type JsonObject,
} from '#libs/contract';
import type { ScriptCall } from '../redis/connect-redis.js';
import { APPEND } from '../scripts/append-script.js';
import { CODES } from '../scripts/run-scripts.js';

/** An event's JSON without its opening brace and seq, which the script adds. */
export function afterSeq(event: RunEvent): string {
  return JSON.stringify({ at: Date.now(), ...event }).slice(1);
}

/** The batches of one append call, sorted by what their writers know of the log. */
export interface AppendCallPlan {
  readonly batches: readonly AppendBatch[];
  /** Indexes of the batches that name their log's tip: they come first, in call and reply. */
  readonly named: readonly number[];
  readonly others: readonly number[];
  /** By index: size of the log including the batch; 0 when only Redis knows it. */
  readonly bytes: readonly number[];
}

export function planAppend(batches: readonly AppendBatch[]): AppendCallPlan {
  const named: number[] = [];
  const others: number[] = [];
  const bytes = batches.map(bytesBehind);
  bytes.forEach((size, i) => (size > 0 ? named : others).push(i));
  return { batches, named, others, bytes };
}

/**
 * Events of a named batch travel twice, because the live message repeats them. Above this size the script makes the
 * message.
 */
const NAMED_BYTES_MAX = 16_384;

function bytesBehind({ tip, events, terminal }: AppendBatch): number {
  if (!tip || terminal || events.length === 0) return 0;
  let bytes = 0;
  for (const event of events) bytes += Buffer.byteLength(event);
  return bytes > NAMED_BYTES_MAX || tip.bytes + bytes > LIMITS.runLogBytesMax ? 0 : tip.bytes + bytes;
}

/** Names in Redis. */
export interface AppendNames {
  keysOf(runId: string): readonly string[];
  channelOf(instance: string): string;
  /** The writer's name as it appears in a tip. */
  writerOf(attempt: number): string;
}

/** Built without helpers: under load a call has hundreds of arguments, hundreds of times a second. */
export function appendCall(order: AppendCallPlan, { keysOf, channelOf, writerOf }: AppendNames): ScriptCall {
  const { batches, named, others, bytes } = order;
  const keys: string[] = [];
  const args: (string | number)[] = [LIMITS.runLogBytesMax, named.length];
  const messages = messagesOf(order);
  args.push(messages.size);
  for (const [instance, message] of messages) args.push(channelOf(instance), message);
  const add = (i: number): void => {
    const { runId, attempt, firstSeq, events, terminal, tip } = batches[i] as AppendBatch;
    const size = bytes[i] ?? 0;
    const writer = writerOf(attempt);
    keys.push(...keysOf(runId));
    args.push(terminal ? -events.length : events.length);
    args.push(size > 0 ? `${writer} ${firstSeq - 1} ${tip?.bytes}` : '');
    args.push(`${writer} ${firstSeq + events.length - 1} ${size}`);
    for (const event of events) args.push(event);
  };
  named.forEach(add);
  others.forEach(add);
  return [APPEND, keys, args];
}

/**
 * By instance, the live message about its named runs: a line with each run's id, then the lines of that run's events.
 */
function messagesOf({ batches, named }: AppendCallPlan): Map<string, string> {
  const messages = new Map<string, string>();
  for (const i of named) {
    const { runId, events, tip } = batches[i] as AppendBatch;
    const instance = tip?.instance ?? '';
    const before = messages.get(instance);
    const message = `${runId}\n${events.join('\n')}`;
    messages.set(instance, before === undefined ? message : `${before}\n${message}`);
  }
  return messages;
}

/** The fields that `toHead` reads, in this order. */
export const HEAD_FIELDS = ['tip', 'term', 'cancel', 'owner', 'ch', 'gen', 'parked', 'woken', 'del', 'turn'] as const;

export function toHead(row: readonly (string | null)[], liveChannelStart: string): RunHead | undefined {
  const [tip, ended, cancel, owner, channel, generation, deadline, woken, deleted, turn] = row;
  if (!tip) return undefined;
  const [writer = '', seq] = tip.split(' ');
  return {
    owner: owner ?? '',
    instance: (channel ?? '').slice(liveChannelStart.length),
    lastSeq: Number(seq),
    attempt: Number.parseInt(writer, 10),
    ended: ended === '1',
    cancelRequested: Boolean(cancel),
    deleted: deleted === '1',
    generation: Number(generation ?? 0),
    ...(deadline && { parked: { deadline: Number(deadline), woken: woken === '1' } }),
    ...(turn && { turnOf: turn }),
  };
}

type ClaimReply = [number, number, string, string, string, string, number, number, number];

/** @param begin the claim's own `run.started`, as `afterSeq` gives it. */
export function toClaim(reply: unknown, begin: string): Claim {
  const [code, lastSeq, cancel, spec, answers, steers, claims, bytes, begun] = reply as ClaimReply;
  if (code === CODES.unknown) return { kind: 'unknown' };
  if (code === CODES.ended) return { kind: 'ended' };
  if (code === CODES.fenced) return { kind: 'fenced' };
  const parsed: RunSpec = parseRunSpec(spec);
  const controls = toControls(cancel, answers, steers);
  return {
    kind: 'claimed',
    lastSeq,
    ...(bytes > 0 && { bytes }),
    ...(begun === 1 && { begun: JSON.parse(`{"seq":${lastSeq},${begin}`) as BegunEvent }),
    spec: parsed,
    claims,
    controls,
  };
}

const REFUSALS = {
  [CODES.fenced]: 'fenced',
  [CODES.ended]: 'ended',
  [CODES.full]: 'full',
  [CODES.unknown]: 'lost',
} as const;

/** One reply per batch, in the order of the batches. Throws if the reply is an Error. */
export function toAppendReplies(reply: unknown, { batches, named, others, bytes }: AppendCallPlan): AppendReply[] {
  if (reply instanceof Error) throw reply;
  const lines = String(reply).split('\n');
  const replies = new Array<AppendReply>(batches.length);
  let line = 1;
  for (const i of named) {
    const { firstSeq, events } = batches[i] as AppendBatch;
    const asNamed: AppendReply = { kind: 'ok', lastSeq: firstSeq + events.length - 1, bytes: bytes[i] ?? 0 };
    replies[i] = lines[0] === '0' ? toAppendReply(lines[line++]) : asNamed;
  }
  for (const i of others) replies[i] = toAppendReply(lines[line++]);
  return replies;
}

function toAppendReply(line: string | undefined): AppendReply {
  if (!line) throw new Error('the reply to an append lacks a run');
  const words = line.split(' ');
  const code = Number(words[0]);
  if (code === CODES.gap) return { kind: 'gap', lastSeq: Number(words[1]) };
  if (code < 0) return { kind: REFUSALS[code as keyof typeof REFUSALS] };
  const bytes = Number(words[3]);
  const cancel = words[4];
  return {
    kind: 'ok',
    lastSeq: Number(words[2]),
    ...(bytes > 0 && { bytes }),
    ...(cancel && { cancel: cancel as CancelReason }),
  };
}

export function toOpenOutcome(code: unknown): OpenOutcome {
  switch (code) {
    case 1:
      return 'opened';
    case CODES.used:
      return 'used';
    case CODES.noRoom:
      return 'full';
    default:
      return 'exists';
  }
}

export function toCancelOutcome(reply: unknown): CancelOutcome {
  const [code, generation] = reply as [number, number];
  switch (code) {
    case CODES.done:
      return { kind: 'requested' };
    case CODES.cancelledHere:
      return { kind: 'cancelled', generation };
    case CODES.ended:
      return { kind: 'ended' };
    default:
      return { kind: 'unknown' };
  }
}

export function toControls(cancel: string | null, answers: string | null, steers: string | null): Controls {
  const lines = (text: string | null): string[] => (text ? text.trimEnd().split('\n') : []);
  return {
    ...(cancel && { cancel: cancel as CancelReason }),
    answers: new Map(lines(answers).map((line) => line.split(' ', 2) as [string, ApprovalDecision])),
    ...(answers?.includes('{') && { contents: new Map(lines(answers).flatMap(contentOf)) }),
    ...(answers?.includes(TIMED_OUT_LINE) && { timedOut: new Set(lines(answers).flatMap(timedOutOf)) }),
    steers: lines(steers).map((line) => JSON.parse(line) as string),
  };
}

/**
 * Stored instead of an answer when none arrived in time. Builds that do not know it stop at the space and read `deny`.
 */
export const TIMED_OUT_LINE = 'deny timeout';

/** JSON has no line breaks outside strings, and inside strings they are escaped. */
export function answerLine(decision: ApprovalDecision, content: JsonObject | undefined): string {
  return content ? `${decision} ${JSON.stringify(content)}` : decision;
}

/** Reads a line `<approval id> <decision> <answers as JSON>`. Empty when the line has no answers. */
function contentOf(line: string): [string, JsonObject][] {
  const from = line.indexOf('{');
  if (from < 0) return [];
  return [[line.slice(0, line.indexOf(' ')), JSON.parse(line.slice(from)) as JsonObject]];
}

function timedOutOf(line: string): string[] {
  const [id = '', ...rest] = line.split(' ');
  return rest.join(' ') === TIMED_OUT_LINE ? [id] : [];
}

export function toAnswerOutcome(reply: unknown): AnswerOutcome {
  const [code, generation = -1] = reply as [number, number?];
  const wake = generation >= 0 ? { wake: generation } : {};
  switch (code) {
    case CODES.done:
      return { kind: 'recorded', ...wake };
    case CODES.repeated:
      return { kind: 'repeated', ...wake };
    case CODES.refused:
      return { kind: 'refused' };
    case CODES.ended:
      return { kind: 'ended' };
    default:
      return { kind: 'unknown' };
  }
}

export function toParkOutcome(code: unknown): ParkOutcome {
  switch (code) {
    case CODES.done:
      return 'parked';
    case CODES.repeated:
      return 'awake';
    case CODES.fenced:
      return 'fenced';
    case CODES.ended:
      return 'ended';
    default:
      return 'unknown';
  }
}

export function toSteerOutcome(code: unknown): 'recorded' | 'refused' | 'ended' | 'unknown' {
  switch (code) {
    case CODES.done:
      return 'recorded';
    case CODES.refused:
      return 'refused';
    case CODES.ended:
      return 'ended';
    default:
      return 'unknown';
  }
}
