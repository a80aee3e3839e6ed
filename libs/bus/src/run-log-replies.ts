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
  for (const { attempt, terminal, firstSeq, runId, events } of batches) {
    keys.push(...keysOf(runId));
    args.push(`${attempt} ${terminal ? 1 : 0} ${firstSeq} ${events.length}`, runId);
    for (const event of events) args.push(event);
  }
  return [APPEND, keys, args];
}

/** What `toHead` reads, in its order. */
export const HEAD_FIELDS = [
  'seq',
  'att',
  'term',
  'cancel',
  'owner',
  'ch',
  'gen',
  'parked',
  'woken',
  'del',
  'turn',
] as const;

export function toHead(row: readonly (string | null)[], liveChannelStart: string): RunHead | undefined {
  const [seq, attempt, ended, cancel, owner, channel, generation, deadline, woken, deleted, turn] = row;
  if (!seq) return undefined;
  return {
    owner: owner ?? '',
    instance: (channel ?? '').slice(liveChannelStart.length),
    lastSeq: Number(seq),
    attempt: Number(attempt ?? 0),
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
  const [word, seq, cancel] = line.split(' ');
  const code = Number(word);
  const lastSeq = Number(seq);
  if (code === CODES.gap) return { kind: 'gap', lastSeq };
  if (code < 0) return { kind: REFUSALS[code as keyof typeof REFUSALS] };
  return { kind: 'ok', lastSeq, ...(cancel && { cancel: cancel as CancelReason }) };
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
