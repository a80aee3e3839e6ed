import {
  type AppendBatch,
  type AppendReply,
  type ApprovalDecision,
  type CancelReason,
  type Claim,
  type Controls,
  type JsonObject,
  LIMITS,
  type LoggedEvent,
  type RunSpec,
} from '#libs/contract';

/** The state of one run in a run log: the stream of its events and the fields of its meta hash. */
export interface MemoryRun {
  readonly spec: RunSpec;
  /** The order was dropped, and only its facts remain. */
  isDropped: boolean;
  readonly events: string[];
  attempt: number;
  claimed: boolean;
  claims: number;
  ended: boolean;
  bytes: number;
  deleted: boolean;
  cancel?: CancelReason;
  generation: number;
  parked?: { deadline: number; woken: boolean };
  /** `timeout`: no answer arrived in time. */
  readonly answers: Map<string, readonly [ApprovalDecision, (JsonObject | 'timeout')?]>;
  readonly steers: string[];
  /** Number of steering texts that became events. */
  steered: number;
}

export function blankRun(spec: RunSpec): MemoryRun {
  return {
    spec,
    isDropped: false,
    events: [],
    attempt: 0,
    claimed: false,
    claims: 0,
    ended: false,
    bytes: 0,
    deleted: false,
    generation: 0,
    answers: new Map(),
    steers: [],
    steered: 0,
  };
}

export function controlsOf({ cancel, answers: told, steers }: MemoryRun): Controls {
  const contents = new Map(
    [...told].flatMap(([id, [, content]]) => (isContent(content) ? [[id, content] as const] : [])),
  );
  const timedOut = new Set([...told].flatMap(([id, [, content]]) => (content === 'timeout' ? [id] : [])));
  const answers = new Map([...told].map(([id, [decision]]) => [id, decision]));
  return {
    ...(cancel && { cancel }),
    answers,
    ...(contents.size > 0 && { contents }),
    ...(timedOut.size > 0 && { timedOut }),
    steers: [...steers],
  };
}

const isContent = (content: JsonObject | 'timeout' | undefined): content is JsonObject => typeof content === 'object';

/** Adds to a terminal event the steering texts that no step has read. */
export function withLeftover({ steers, steered }: MemoryRun, terminal: string): string {
  const leftover = steers.slice(steered);
  return leftover.length === 0 ? terminal : JSON.stringify({ ...(JSON.parse(terminal) as object), leftover });
}

/** Makes an attempt the writer of the run. The attempt may be the writer already. */
export function claimOf(run: MemoryRun, attempt: number): Claim & { kind: 'claimed' } {
  if (run.attempt < attempt) run.claims++;
  run.attempt = attempt;
  run.claimed = true;
  delete run.parked;
  const { spec, events } = run;
  return {
    kind: 'claimed',
    lastSeq: events.length,
    ...bytesOf(run),
    spec,
    claims: run.claims - 1,
    controls: controlsOf(run),
  };
}

/**
 * The size of the log, if the writer may name it. After a cancel, a steering text or the end, appends take the slow
 * path.
 */
const bytesOf = ({ bytes, cancel, steers, ended }: MemoryRun): { bytes?: number } =>
  cancel === undefined && steers.length === 0 && !ended ? { bytes } : {};

/** Stores events, each as JSON, and informs listeners. */
type Store = (run: MemoryRun, texts: readonly string[]) => void;

/** The rules of scripts/append-script.ts for one batch. */
export function appendTo(run: MemoryRun | undefined, batch: AppendBatch, store: Store): AppendReply {
  if (!run) return { kind: 'lost' };
  const { attempt, firstSeq, events, terminal } = batch;
  const seq = run.events.length;
  const cancel = run.cancel ? { cancel: run.cancel } : {};
  if (run.attempt === attempt && seq >= firstSeq + events.length - 1)
    return { kind: 'ok', lastSeq: seq, ...bytesOf(run), ...cancel };
  if (run.ended) return { kind: 'ended' };
  if (run.attempt > attempt) return { kind: 'fenced' };
  if (seq < firstSeq - 1) return { kind: 'gap', lastSeq: seq };
  const missing = events.slice(seq - firstSeq + 1);
  const bytes = missing.reduce((sum, text) => sum + Buffer.byteLength(text), run.bytes);
  if (bytes > LIMITS.runLogBytesMax && !terminal) return { kind: 'full' };
  run.attempt = attempt;
  run.claimed = true;
  run.ended = terminal;
  run.steered += missing.filter((text) => (JSON.parse(text) as LoggedEvent).type === 'run.steered').length;
  store(run, terminal ? [...missing.slice(0, -1), withLeftover(run, missing.at(-1) ?? '')] : missing);
  return { kind: 'ok', lastSeq: run.events.length, ...bytesOf(run), ...cancel };
}
