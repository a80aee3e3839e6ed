import type { CancelReason, EventOf, LoggedEvent, RunEvent } from '../runs/run-event.js';
import type { RunSpec } from '../runs/run-spec.js';
import type { Controls } from './run-signals.js';

export interface ClaimTerms {
  /** Generation of the job; default 0: the run was never parked. */
  readonly generation?: number;
  /** First event of a fresh run; stored together with the claim. */
  readonly start?: EventOf<'run.started'>;
}

export type BegunEvent = LoggedEvent & EventOf<'run.started'>;

export type Claim =
  | {
      readonly kind: 'claimed';
      readonly lastSeq: number;
      /** As in AppendReply. */
      readonly bytes?: number;
      /** The `start` of this attempt as it was stored: the second and last event of the log. */
      readonly begun?: BegunEvent;
      readonly spec: RunSpec;
      /** Earlier claims that were not forgiven. */
      readonly claims: number;
      readonly controls: Controls;
    }
  /** The run has its terminal event. */
  | { readonly kind: 'ended' }
  /** A newer attempt writes the run, or the run waits for another job than this one. */
  | { readonly kind: 'fenced' }
  | { readonly kind: 'unknown' };

/** Serialized events of one run, in order, starting at `firstSeq`. Only the last one may be terminal. */
export interface AppendBatch {
  readonly runId: string;
  readonly attempt: number;
  readonly firstSeq: number;
  readonly events: readonly string[];
  readonly terminal: boolean;
  /**
   * What the writer knows of the log, which spares the append some lookups: `bytes` of the previous reply, whose
   * lastSeq was `firstSeq - 1`, and the instance that opened the run.
   */
  readonly tip?: { readonly bytes: number; readonly instance: string };
}

export type AppendReply =
  /**
   * Appended now, or stored before. `bytes`: size of the log; absent when the next append must take the slow path.
   * `cancel`: somebody asked to cancel the run.
   */
  | { readonly kind: 'ok'; readonly lastSeq: number; readonly bytes?: number; readonly cancel?: CancelReason }
  /** `full`: LIMITS.runLogBytesMax is reached. `lost`: the log no longer exists. */
  | { readonly kind: 'fenced' | 'ended' | 'full' | 'lost' }
  /** The log ends before `firstSeq - 1` (Redis lost its tail): send everything from `lastSeq + 1` again. */
  | { readonly kind: 'gap'; readonly lastSeq: number };

export interface Parking {
  readonly runId: string;
  readonly attempt: number;
  readonly event: EventOf<'run.parked'>;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** Generation of the job that resumes the run. */
  readonly generation: number;
  /** The requests that the run waits for. */
  readonly approvalIds: readonly string[];
}

export type ParkOutcome =
  | 'parked'
  /** A cancel, or an answer to one of the requests, came first: the writer continues. */
  | 'awake'
  | 'fenced'
  | 'ended'
  | 'unknown';

/** Stores the events that attempts write. */
export interface RunAppends {
  /** One round trip for the pending events of many runs. The replies come in the same order. */
  append(batches: readonly AppendBatch[]): Promise<AppendReply[]>;
}

/** Who writes a run: an attempt claims it, appends while its claim is the newest, and may park it. */
export interface RunClaims extends RunAppends {
  /** Makes the attempt the run's writer. Claim before you read any state of the run: fence first, read afterwards. */
  claim(runId: string, attempt: number, worker: string, terms?: ClaimTerms): Promise<Claim>;
  /** Takes the attempt's claim out of the count: if its worker dies, this run is not to blame. */
  forgive(runId: string, attempt: number): Promise<void>;
  /** Parks the run until a request is answered or the deadline passes. Repeating the call changes nothing. */
  park(parking: Parking): Promise<ParkOutcome>;
}

/** One run, as its writer uses it. */
export interface RunWriter {
  /**
   * Takes an event, which is stamped and sent with everything else of this event-loop turn. Returns undefined while
   * there is room; beyond LIMITS.unacknowledgedBytesMax, returns a promise that resolves when there is room again.
   */
  emit(event: RunEvent): Promise<void> | undefined;
  /** Resolves when everything emitted so far is acknowledged; rejects with AppendRefused when the run was lost. */
  flushed(): Promise<void>;
}
