import type { CancelReason, LoggedEvent, RunEvent, RunSpec, TerminalEvent } from '#libs/contract';

/** What is known about a run's log without reading it. */
export interface RunHead {
  readonly owner: string;
  /** The API instance whose live channel gets every append. */
  readonly instance: string;
  readonly lastSeq: number;
  /** Attempts that claimed the run so far; 0 while it is queued. */
  readonly attempt: number;
  readonly ended: boolean;
  readonly cancelRequested: boolean;
}

export type Claim =
  | { readonly kind: 'claimed'; readonly lastSeq: number; readonly spec: RunSpec; readonly cancel?: CancelReason }
  /** The run has its terminal event. */
  | { readonly kind: 'ended' }
  /** A newer attempt owns the run. */
  | { readonly kind: 'fenced' }
  | { readonly kind: 'unknown' };

/** Serialized events of one run, in order, starting at `firstSeq`. The last one may be terminal. */
export interface AppendBatch {
  readonly runId: string;
  readonly attempt: number;
  readonly firstSeq: number;
  readonly events: readonly string[];
  readonly terminal: boolean;
}

export type AppendReply =
  /** Appended now or already there; `cancel` is set once somebody asked to cancel the run. */
  | { readonly kind: 'ok'; readonly lastSeq: number; readonly cancel?: CancelReason }
  /** `full`: LIMITS.runLogBytesMax reached. `lost`: the log is gone altogether. */
  | { readonly kind: 'fenced' | 'ended' | 'full' | 'lost' }
  /** The log ends before `firstSeq - 1` (Redis lost its tail): send again from `lastSeq + 1`. */
  | { readonly kind: 'gap'; readonly lastSeq: number };

export type CancelOutcome =
  /** The run's owner will end it. */
  | 'requested'
  /** Nobody had claimed the run; it has been ended here and now. */
  | 'cancelled'
  | 'ended'
  | 'unknown';

/**
 * The truth about runs while they live. Two implementations: Redis (`redisRunLog`) and memory (`memoryRunLog`, for tests);
 * both pass test/contract/run-log.suite.ts. Every method rejects with GatewayError `queue_unavailable` when Redis does
 * not answer in time, on connections that were opened for the API.
 */
export interface RunLog {
  /** Creates the log with its first event, `run.queued`, and remembers the spec. 'exists' when the id is taken. */
  open(spec: RunSpec): Promise<'opened' | 'exists'>;
  /** Events with seq > after, oldest first, at most `limit` (default LIMITS.relayReadBatchMax). */
  read(runId: string, after: number, limit?: number): Promise<LoggedEvent[]>;
  head(runId: string): Promise<RunHead | undefined>;
  /** Takes the run over for an attempt. Call it before reading any state of the run: fence first, read afterwards. */
  claim(runId: string, attempt: number, worker: string): Promise<Claim>;
  /** One round trip for the pending events of many runs; replies in the same order. */
  append(batches: readonly AppendBatch[]): Promise<AppendReply[]>;
  /** Ends a run whoever owns it, unless it has ended. Later appends of any attempt are refused. */
  end(runId: string, event: TerminalEvent): Promise<boolean>;
  /** Durable flag first, then a hint to the owner. A run nobody has claimed is ended at once. */
  requestCancel(runId: string, reason: CancelReason): Promise<CancelOutcome>;
  /** The backstop for lost hints: which of these runs shall be cancelled. */
  cancelRequests(runIds: readonly string[]): Promise<Map<string, CancelReason>>;
  /** The store has the rows: the log may expire after LIMITS.runLogTtlSeconds. */
  confirmPersisted(runIds: readonly string[]): Promise<void>;
  /**
   * Runs opened before `openedBefore` (ms) that the store has not confirmed, oldest first, at most `limit`. `after`: the
   * last run of an earlier page, to go on behind it; once that run has been confirmed the answer is empty.
   */
  unconfirmed(openedBefore: number, limit: number, after?: string): Promise<string[]>;
}

/** A message on a live channel: a hint that the run's log has grown, with the new events if they are next in line. */
export type Wake = (events: readonly LoggedEvent[]) => void;

export interface LiveSubscription {
  close(): Promise<void>;
}

/** One subscriber connection per process, however many clients watch however many runs. */
export interface LiveHub {
  /** The channel name of this process: put it into RunSpec.instance of every run opened here. */
  readonly instance: string;
  /**
   * Resolves once nothing published later can be missed, short of a broken connection. `instance` is the run's own; when
   * it is this process's, no SUBSCRIBE is needed. An empty `wake` call means: messages may be missing, read the log.
   */
  watch(runId: string, instance: string, wake: Wake): Promise<LiveSubscription>;
  close(): Promise<void>;
}

/** The queue of runs that wait for a worker. Carries ids only: the spec lies in the run's log (reliability K18). */
export interface RunQueue {
  enqueue(runId: string): Promise<void>;
  /** Runs that wait for a worker, as of the last look a quarter of a second or more ago. */
  depth(): Promise<number>;
  /** Which of these runs have a job that is waiting, delayed or active. */
  withJob(runIds: readonly string[]): Promise<Set<string>>;
  /** Takes a waiting run out of the queue; a run that is being executed is left alone. */
  remove(runId: string): Promise<void>;
  close(): Promise<void>;
}

/** The queue of finished runs on their way into the store. */
export interface PersistQueue {
  enqueue(runIds: readonly string[]): Promise<void>;
  /** Batches on their way: waiting, active, or delayed after a failure. */
  depth(): Promise<number>;
  close(): Promise<void>;
}

export type Reservation =
  { readonly kind: 'new' } | { readonly kind: 'same'; readonly runId: string } | { readonly kind: 'conflict' };

/** Idempotency keys, kept LIMITS.idempotencyTtlSeconds. `scope` is any string; it is hashed before it becomes a key. */
export interface Idempotency {
  reserve(scope: string, fingerprint: string, runId: string): Promise<Reservation>;
  /** Gives the key back after the run could not be started, unless somebody else holds it by now. */
  release(scope: string, runId: string): Promise<void>;
}

export interface WorkerInfo {
  readonly id: string;
  readonly version: string;
  /** Runs it executes at the same time at most. */
  readonly capacity: number;
  readonly models: readonly ModelInfo[];
  /** What `MODELS_UNKNOWN` is on that worker: may names beyond `models` be asked for? */
  readonly unknownModels: 'reject' | 'default' | 'passthrough';
  readonly defaultModel: string;
}

export interface ModelInfo {
  readonly name: string;
  /** Name of the upstream that serves it first. */
  readonly upstream: string;
}

/** Who can execute runs. Workers announce themselves; the API answers models and readiness from it. */
export interface WorkerRegistry {
  announce(info: WorkerInfo): Promise<void>;
  leave(workerId: string): Promise<void>;
  /** All workers heard of within the last day, with how long ago (ms) each was heard. */
  list(): Promise<readonly { readonly info: WorkerInfo; readonly silentMs: number }[]>;
}

/** One run being written by its owner. */
export interface RunWriter {
  /**
   * Takes an event; it is stamped and sent with everything else of this event-loop turn. Resolves at once, except
   * while LIMITS.unacknowledgedBytesMax are under way: then when there is room again.
   */
  emit(event: RunEvent): Promise<void> | undefined;
  /** Resolves when everything emitted so far is acknowledged; rejects with AppendRefused when the run was lost. */
  flushed(): Promise<void>;
}
