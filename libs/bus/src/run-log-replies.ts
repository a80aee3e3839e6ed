import {
  LIMITS,
  parseRunSpec,
  type ApprovalDecision,
  type CancelReason,
  type RunEvent,
  type RunSpec,
} from '#libs/contract';
import type { ScriptCall } from './connect-redis.js';
import type {
  AnswerOutcome,
  AppendBatch,
  AppendReply,
  CancelOutcome,
  Claim,
  Controls,
  ParkOutcome,
  RunHead,
} from './ports.js';
import { APPEND, CODES } from './scripts.js';

/** The JSON of an event without its opening brace and seq, which the script puts in front. */
export function afterSeq(event: RunEvent): string {
  return JSON.stringify({ at: Date.now(), ...event }).slice(1);
}

/** The call for some runs. Built by hand: under load it has hundreds of arguments, hundreds of times a second. */
export function appendCall(batches: readonly AppendBatch[], keysOf: (runId: string) => readonly string[]): ScriptCall {
  const keys: string[] = [];
  const args: (string | number)[] = [LIMITS.runLogBytesMax];
  for (const batch of batches) {
    const { attempt, terminal, firstSeq, runId, events } = batch;
    const bytes = bytesBehind(batch);
    const before = bytes === undefined ? '' : `${attempt} ${firstSeq - 1} ${batch.bytesBefore}`;
    keys.push(...keysOf(runId));
    args.push(terminal ? -events.length : events.length, before);
    args.push(`${attempt} ${firstSeq + events.length - 1} ${bytes ?? 0}`, runId);
    for (const event of events) args.push(event);
  }
  return [APPEND, keys, args];
}

/** Of the log with these events; undefined when that has to be seen there. */
function bytesBehind({ bytesBefore, events, terminal }: AppendBatch): number | undefined {
  if (bytesBefore === undefined || terminal || events.length === 0) return undefined;
  let bytes = bytesBefore;
  for (const event of events) bytes += Buffer.byteLength(event);
  return bytes > LIMITS.runLogBytesMax ? undefined : bytes;
}

/** What `toHead` reads, in its order. */
export const HEAD_FIELDS = ['tip', 'term', 'cancel', 'owner', 'ch', 'gen', 'parked', 'woken', 'del', 'turn'] as const;

export function toHead(row: readonly (string | null)[], liveChannelStart: string): RunHead | undefined {
  const [tip, ended, cancel, owner, channel, generation, deadline, woken, deleted, turn] = row;
  if (!tip) return undefined;
  const [attempt, seq] = tip.split(' ');
  return {
    owner: owner ?? '',
    instance: (channel ?? '').slice(liveChannelStart.length),
    lastSeq: Number(seq),
    attempt: Number(attempt),
    ended: ended === '1',
    cancelRequested: Boolean(cancel),
    deleted: deleted === '1',
    generation: Number(generation ?? 0),
    ...(deadline && { parked: { deadline: Number(deadline), woken: woken === '1' } }),
    ...(turn && { turnOf: turn }),
  };
}

type ClaimReply = [number, number, string, string, string, string, number];

export function toClaim(reply: unknown): Claim {
  const [code, lastSeq, cancel, spec, answers, steers, claims] = reply as ClaimReply;
  if (code === CODES.unknown) return { kind: 'unknown' };
  if (code === CODES.ended) return { kind: 'ended' };
  if (code === CODES.fenced) return { kind: 'fenced' };
  const parsed: RunSpec = parseRunSpec(spec);
  return { kind: 'claimed', lastSeq, spec: parsed, claims, controls: toControls(cancel, answers, steers) };
}

const REFUSALS = {
  [CODES.fenced]: 'fenced',
  [CODES.ended]: 'ended',
  [CODES.full]: 'full',
  [CODES.unknown]: 'lost',
} as const;

/** In the order of the batches. Throws the error that stands in place of a reply. */
export function toAppendReplies(reply: unknown): AppendReply[] {
  if (reply instanceof Error) throw reply;
  return String(reply).split('\n').map(toAppendReply);
}

function toAppendReply(line: string): AppendReply {
  const words = line.split(' ');
  const code = Number(words[0]);
  if (code === CODES.gap) return { kind: 'gap', lastSeq: Number(words[1]) };
  if (code < 0) return { kind: REFUSALS[code as keyof typeof REFUSALS] };
  const cancel = words[4];
  return {
    kind: 'ok',
    lastSeq: Number(words[2]),
    bytes: Number(words[3]),
    ...(cancel && { cancel: cancel as CancelReason }),
  };
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
    answers: new Map(lines(answers).map((line) => line.split(' ') as [string, ApprovalDecision])),
    steers: lines(steers).map((line) => JSON.parse(line) as string),
  };
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
