import { parseRunSpec, type ApprovalDecision, type CancelReason, type RunEvent, type RunSpec } from '#libs/contract';
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
import { CODES } from './scripts.js';

/** The JSON of an event without its opening brace and seq, which the script puts in front. */
export function afterSeq(event: RunEvent): string {
  return JSON.stringify({ at: Date.now(), ...event }).slice(1);
}

export function appendArguments({ attempt, terminal, firstSeq, runId, events }: AppendBatch): (string | number)[] {
  return [attempt, terminal ? 1 : 0, firstSeq, events.length, runId, ...events];
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

type AppendRow = [code: number, lastSeq: number, cancel: CancelReason | ''];

export function toAppendReplies(rows: unknown): AppendReply[] {
  if (rows instanceof Error) throw rows;
  return (rows as AppendRow[]).map(toAppendReply);
}

function toAppendReply([code, lastSeq, cancel]: AppendRow): AppendReply {
  if (code === CODES.gap) return { kind: 'gap', lastSeq };
  if (code < 0) return { kind: REFUSALS[code as keyof typeof REFUSALS] };
  return { kind: 'ok', lastSeq, ...(cancel && { cancel }) };
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
