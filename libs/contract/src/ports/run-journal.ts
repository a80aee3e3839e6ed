import type { LoggedEvent, TerminalEvent } from '../runs/run-event.js';
import type { RunSpec } from '../runs/run-spec.js';

/** Facts about a run that need no reading of its events. */
export interface RunHead {
  /** Name of the API key that the run belongs to. */
  readonly owner: string;
  /** The instance that opened the run; its live channel gets every append. */
  readonly instance: string;
  readonly lastSeq: number;
  /** Number of the highest attempt that claimed the run; 0 while it is queued. */
  readonly attempt: number;
  readonly ended: boolean;
  readonly cancelRequested: boolean;
  /** The session in which the run takes a turn; absent for a run outside the order of any session. */
  readonly turnOf?: string;
  /** The API key's owner deleted the run. The log stays only for the runs that continue it. */
  readonly deleted: boolean;
  /** How often the run was parked; names the job that resumes it. */
  readonly generation: number;
  /** Set while the run is parked. */
  readonly parked?: ParkedState;
}

export interface ParkedState {
  /** When the run resumes without an answer, in milliseconds since the epoch. */
  readonly deadline: number;
  /** The run was answered, and its job should start as soon as possible. */
  readonly woken: boolean;
}

export interface OpenLogTerms {
  /** The scope of the idempotency key that reserved the run's id; the key is marked in the same step. */
  readonly reservedIn?: string;
  /** Bytes of orders that Redis may hold for the run's owner (default LIMITS.orderBytesPerKeyMax). */
  readonly orderBytesMax?: number;
}

/**
 * `exists`: the id is taken. `used`: the id was opened before under its key, and that log no longer exists. `full`: the
 * owner's orders already have as many bytes as they may. Except for `opened`, nothing has changed.
 */
export type OpenOutcome = 'opened' | 'exists' | 'used' | 'full';

/** The record of each run while it lives: opened once, read by anybody, ended once. */
export interface RunJournal {
  /** Creates the log with its first event, `run.queued`, and stores the spec. */
  open(spec: RunSpec, terms?: OpenLogTerms): Promise<OpenOutcome>;
  /** Events with seq > after, oldest first, at most `limit` (default LIMITS.relayReadBatchMax). */
  read(runId: string, after: number, limit?: number): Promise<LoggedEvent[]>;
  /** undefined: the run has no log, because it was never opened or has expired. */
  head(runId: string): Promise<RunHead | undefined>;
  /**
   * The order of the run. undefined once its log no longer exists, and once the store has the run if the order is
   * larger than LIMITS.keptOrderBytesMax and the store keeps its content.
   */
  spec(runId: string): Promise<RunSpec | undefined>;
  /** Ends a run, whichever attempt writes it. false: it had ended. Later appends of any attempt are refused. */
  end(runId: string, event: TerminalEvent): Promise<boolean>;
  /**
   * How many processes follow the run. The process that opened the run is not counted: it receives all its runs on one
   * channel, so its interest in a single run cannot be seen.
   */
  followersElsewhere(runId: string): Promise<number>;
}
