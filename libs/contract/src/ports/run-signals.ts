import type { JsonObject } from '../json.js';
import type { ApprovalDecision, CancelReason } from '../runs/run-event.js';

/** What others left for the writer of a run. */
export interface Controls {
  readonly cancel?: CancelReason;
  /** By approval id. */
  readonly answers: ReadonlyMap<string, ApprovalDecision>;
  /** Answers to questions, by approval id. Absent: none. */
  readonly contents?: ReadonlyMap<string, JsonObject>;
  /** Requests that expired before an answer arrived: their `answers` are `deny`. Absent: none. */
  readonly timedOut?: ReadonlySet<string>;
  /** All steering texts so far, including those that became events. */
  readonly steers: readonly string[];
}

export type CancelOutcome =
  /** The run's writer will end it. */
  | { readonly kind: 'requested' }
  /** The run had no writer, being queued or parked, and was ended by this call. Its job is of this generation. */
  | { readonly kind: 'cancelled'; readonly generation: number }
  | { readonly kind: 'ended' | 'unknown' };

export type AnswerOutcome =
  /** `wake`: the generation whose job should start now. Absent while the run has a writer, which checks by itself. */
  | { readonly kind: 'recorded' | 'repeated'; readonly wake?: number }
  /** The request already has a different answer. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'ended' | 'unknown' };

/** Messages to the writer of a run that any process may leave, and that the writer reads. */
export interface RunSignals {
  /** Sets a durable flag first, then sends a hint to the writer. A run without a writer is ended at once. */
  requestCancel(runId: string, reason: CancelReason): Promise<CancelOutcome>;
  /**
   * Records the answer to a request. The first answer counts; the same answer again is no error, even after the run has
   * ended. The caller must know that the request exists.
   *
   * @param content the answers to the questions of the request; at most LIMITS.answersCharsMax as JSON.
   */
  answer(runId: string, approvalId: string, decision: ApprovalDecision, content?: JsonObject): Promise<AnswerOutcome>;
  /**
   * Closes a request whose time is over by the clock of the run's writer, the only clock that counts. Of an answer and
   * this call, the first one counts: `refused` means that there is an answer, and the writer must use that answer.
   */
  timeOut(runId: string, approvalId: string): Promise<AnswerOutcome>;
  /** Leaves a text; at most LIMITS.steersPerRunMax per run. A text that comes too late ends as `leftover`. */
  steer(runId: string, text: string): Promise<'recorded' | 'refused' | 'ended' | 'unknown'>;
  /** Everything left for the writer so far. */
  controls(runId: string): Promise<Controls>;
  /** The backstop for lost hints: those of these runs for which a cancel was requested, with its reason. */
  cancelRequests(runIds: readonly string[]): Promise<Map<string, CancelReason>>;
}
