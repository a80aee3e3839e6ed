import type {
  ApprovalDecision,
  CancelReason,
  EventOf,
  LoggedEvent,
  RunEvent,
  RunSpec,
  TerminalEvent,
} from '#libs/contract';
import type { Lane, Place, PlaceRequest } from './place.js';

/** What is known about a run's log without reading it. */
export interface RunHead {
  readonly owner: string;
  /** The API instance whose live channel gets every append. */
  readonly instance: string;
  readonly lastSeq: number;
  /** Number of the highest attempt that claimed the run; 0 while it is queued. */
  readonly attempt: number;
  readonly ended: boolean;
  readonly cancelRequested: boolean;
  /** The session whose turn the run takes; absent: it takes none. */
  readonly turnOf?: string;
  /** Its owner deleted it: it is only there for the runs that continue it. */
  readonly deleted: boolean;
  /** How often the run was parked; names the job that takes it up. */
  readonly generation: number;
  /** Set while the run is parked. */
  readonly parked?: ParkedState;
}

export interface ParkedState {
  /** Milliseconds since the epoch: when the run goes on unanswered. */
  readonly deadline: number;
  /** It was answered, and its job shall run as soon as it can. */
  readonly woken: boolean;
}

/** What others left for the owner of a run. */
export interface Controls {
  readonly cancel?: CancelReason;
  /** By approval id. */
  readonly answers: ReadonlyMap<string, ApprovalDecision>;
  /** All steering texts so far, the ones that became events included. */
  readonly steers: readonly string[];
}

export interface ClaimTerms {
  /** Of the job; default 0: the run was never parked. */
  readonly generation?: number;
  /** What a run begins with of which nothing has been done; stored with the claim. */
  readonly start?: EventOf<'run.started'>;
}

export type BegunEvent = LoggedEvent & EventOf<'run.started'>;

export type Claim =
  | {
      readonly kind: 'claimed';
      readonly lastSeq: number;
      /** As in AppendReply. */
      readonly bytes?: number;
      /** The `start` of this attempt as it was stored: the log's second and last event. */
      readonly begun?: BegunEvent;
      readonly spec: RunSpec;
      /** Claims before this one that were not forgiven. */
      readonly claims: number;
      readonly controls: Controls;
    }
  /** The run has its terminal event. */
  | { readonly kind: 'ended' }
  /** A newer attempt owns the run, or the job is not the one that the run waits for. */
  | { readonly kind: 'fenced' }
  | { readonly kind: 'unknown' };

/** Serialized events of one run, in order, starting at `firstSeq`. The last one may be terminal. */
export interface AppendBatch {
  readonly runId: string;
  readonly attempt: number;
  readonly firstSeq: number;
  readonly events: readonly string[];
  readonly terminal: boolean;
  /**
   * What is known of the log, which spares it some looks: AppendReply.bytes of the append before this one, whose
   * lastSeq was `firstSeq - 1`, and the instance that opened the run.
   */
  readonly tip?: { readonly bytes: number; readonly instance: string };
}

export type AppendReply =
  /**
   * Appended now or already there; `bytes`: of the whole log, unless every append has to look at something of it;
   * `cancel` is set once somebody asked to cancel the run.
   */
  | { readonly kind: 'ok'; readonly lastSeq: number; readonly bytes?: number; readonly cancel?: CancelReason }
  /** `full`: LIMITS.runLogBytesMax reached. `lost`: the log is gone altogether. */
  | { readonly kind: 'fenced' | 'ended' | 'full' | 'lost' }
  /** The log ends before `firstSeq - 1` (Redis lost its tail): send again from `lastSeq + 1`. */
  | { readonly kind: 'gap'; readonly lastSeq: number };

export type CancelOutcome =
  /** The run's owner will end it. */
  | { readonly kind: 'requested' }
  /** The run had no owner, being queued or parked; it has been ended here and now. Its job is of this generation. */
  | { readonly kind: 'cancelled'; readonly generation: number }
  | { readonly kind: 'ended' | 'unknown' };

export interface Parking {
  readonly runId: string;
  readonly attempt: number;
  readonly event: EventOf<'run.parked'>;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** Of the job that takes the run up again. */
  readonly generation: number;
  /** The requests it waits for. */
  readonly approvalIds: readonly string[];
}

export type ParkOutcome =
  | 'parked'
  /** An answer to one of the requests or a cancel was there before: the owner goes on. */
  | 'awake'
  | 'fenced'
  | 'ended'
  | 'unknown';

export type AnswerOutcome =
  /** `wake`: the generation whose job shall run now; absent while the run has an owner, who will look. */
  | { readonly kind: 'recorded' | 'repeated'; readonly wake?: number }
  /** It was answered otherwise before. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'ended' | 'unknown' };

/**
 * The truth about runs while they live. Two implementations: Redis (`redisRunLog`) and memory (`memoryRunLog`, for
 * tests); both pass test/contract/run-log.suite.ts. Every method rejects with GatewayError `queue_unavailable` when
 * Redis does not answer in time, on connections that were opened for the API.
 */
export interface RunLog {
  /** Creates the log with its first event, `run.queued`, and remembers the spec. 'exists' when the id is taken. */
  open(spec: RunSpec): Promise<'opened' | 'exists'>;
  /** Events with seq > after, oldest first, at most `limit` (default LIMITS.relayReadBatchMax). */
  read(runId: string, after: number, limit?: number): Promise<LoggedEvent[]>;
  head(runId: string): Promise<RunHead | undefined>;
  /** What the run was ordered to do, as long as its log lives. */
  spec(runId: string): Promise<RunSpec | undefined>;
  /** Takes the run over for an attempt. Call it before reading any state of the run: fence first, read afterwards. */
  claim(runId: string, attempt: number, worker: string, terms?: ClaimTerms): Promise<Claim>;
  /** The attempt's claim shall not count: whatever becomes of its worker, this run is not to blame. */
  forgive(runId: string, attempt: number): Promise<void>;
  /** One round trip for the pending events of many runs; replies in the same order. */
  append(batches: readonly AppendBatch[]): Promise<AppendReply[]>;
  /** Ends a run whoever owns it, unless it has ended. Later appends of any attempt are refused. */
  end(runId: string, event: TerminalEvent): Promise<boolean>;
  /** Durable flag first, then a hint to the owner. A run without an owner is ended at once. */
  requestCancel(runId: string, reason: CancelReason): Promise<CancelOutcome>;
  /** The owner lets the run go until it is answered or the deadline is over. Repeating it changes nothing. */
  park(parking: Parking): Promise<ParkOutcome>;
  /**
   * Records the answer to a request; the first one counts, and saying it again is no error, be the run over by then or
   * not. Whether the request exists is the caller's to know.
   */
  answer(runId: string, approvalId: string, decision: ApprovalDecision): Promise<AnswerOutcome>;
  /**
   * Leaves a text for the owner; at most LIMITS.steersPerRunMax of a run. One that comes too late ends as `leftover`.
   */
  steer(runId: string, text: string): Promise<'recorded' | 'refused' | 'ended' | 'unknown'>;
  /** What was left for the owner so far. */
  controls(runId: string): Promise<Controls>;
  /** The backstop for lost hints: which of these runs shall be cancelled. */
  cancelRequests(runIds: readonly string[]): Promise<Map<string, CancelReason>>;
  /**
   * How many processes follow the run, not counting the one that opened it: that one hears of all its runs at once, and
   * nobody else knows of which it still wants to hear.
   */
  followersElsewhere(runId: string): Promise<number>;
  /** Sets RunHead.deleted for as long as the log lives; nothing when it is gone. */
  markDeleted(runId: string): Promise<void>;
  /** The store has the rows: the log may expire after LIMITS.runLogTtlSeconds. */
  confirmPersisted(runIds: readonly string[]): Promise<void>;
  /** Deletes logs with all they hold, as if these runs had never been. Nobody may be writing them. */
  remove(runIds: readonly string[]): Promise<void>;
  /**
   * Runs opened before `openedBefore` (ms) that the store has not confirmed, oldest first, at most `limit`. `after`:
   * the last run of an earlier page, to go on behind it; once that run has been confirmed the answer is empty.
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
   * Resolves once nothing published later can be missed, short of a broken connection. `instance` is the run's own;
   * when it is this process's, no SUBSCRIBE is needed. An empty `wake` call means: messages may be missing, read the
   * log.
   */
  watch(runId: string, instance: string, wake: Wake): Promise<LiveSubscription>;
  close(): Promise<void>;
}

/** A run and which of its jobs is meant: each time it is parked, it gets another. */
export interface QueuedRun {
  readonly runId: string;
  readonly generation: number;
}

export type { Lane, Place, PlaceRequest };

/** The queue of runs that wait for a worker. Carries ids only: the spec lies in the run's log. */
export interface RunQueue {
  /**
   * The place of a key's next run among the waiting ones, for `enqueue` (see fair-order.ts). Costs a round trip only
   * while runs wait.
   */
  place(request: PlaceRequest): Promise<Place>;
  /** @param tag of `place`; 0 starts it before all that wait. */
  enqueue(runId: string, tag?: number): Promise<void>;
  /** The job that takes a parked run up after `delayMs` at the latest. A second one for the same generation is none. */
  enqueueParked(run: QueuedRun, delayMs: number): Promise<void>;
  /** That job shall run now, whatever became of it; one that is waiting or active is left as it is. */
  wake(run: QueuedRun): Promise<void>;
  /** Runs that wait for a worker, as of the last look a quarter of a second or more ago. */
  depth(): Promise<number>;
  /** Which of these runs have a job that is waiting, delayed or active. */
  withJob(runs: readonly QueuedRun[]): Promise<Set<string>>;
  /** Takes a waiting run out of the queue; a run that is being executed is left alone. */
  remove(runId: string, generation?: number): Promise<void>;
  close(): Promise<void>;
}

/** The queue of finished runs on their way into the store. */
export interface PersistQueue {
  enqueue(runIds: readonly string[]): Promise<void>;
  /** Batches on their way: waiting, active, or delayed after a failure. */
  depth(): Promise<number>;
  close(): Promise<void>;
}

/** Timers that wake one scheduler. Only hints: what is due stands in the store. */
export interface TickQueue {
  /** Wakes a scheduler in so many milliseconds; arming a moment twice is one timer. */
  arm(inMs: number): Promise<void>;
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

/** The last run that was begun in a conversation, as far as anybody still cares. */
export interface ConversationTurn {
  readonly runId: string;
  /** How long ago it was begun, by Redis' clock, in milliseconds. */
  readonly ageMs: number;
}

/**
 * Who has the turn in a conversation, kept LIMITS.runLogOrphanTtlSeconds: long after the store has the items of the
 * run. `conversation` is any string; it is hashed before it becomes a key.
 */
export interface ConversationTurns {
  last(conversation: string): Promise<ConversationTurn | undefined>;
  /** Makes `runId` the last run, unless another than `after` has become it. */
  begin(conversation: string, runId: string, after: string | undefined): Promise<boolean>;
  /** As if no run had ever had the turn. */
  forget(conversation: string): Promise<void>;
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
