import type { JsonObject } from '../json.js';
import type { ApprovalDecision, CancelReason } from '../runs/run-event.js';

/** What others left for the writer of a run. */
export interface Controls {
  readonly cancel?: CancelReason;
  /** By approval id. */
  readonly answers: ReadonlyMap<string, ApprovalDecision>;
  /** Answers to questions, by approval id. Absent: none. */
  readonly contents?: ReadonlyMap<string, JsonObject>;
  /** Requests whose time was over before anybody answered: their `answers` are `deny`. Absent: none. */
  readonly timedOut?: ReadonlySet<string>;
  /** All steering texts so far, also those that became events. */
  readonly steers: readonly string[];
}

export type CancelOutcome =
  /** The run's writer will end it. */
  | { readonly kind: 'requested' }
  /** The run had no writer, being queued or parked, and was ended by this call. Its job is of this generation. */
  | { readonly kind: 'cancelled'; readonly generation: number }
  | { readonly kind: 'ended' | 'unknown' };

export type AnswerOutcome =
  /** `wake`: the generation whose job should start now; absent while the run has a writer, which looks by itself. */
  | { readonly kind: 'recorded' | 'repeated'; readonly wake?: number }
  /** The request was answered differently before. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'ended' | 'unknown' };

/** Messages against the stream: what anybody may leave for the writer of a run, and how the writer learns of it. */
export interface RunSignals {
  /** Durable flag first, then a hint to the writer. A run without a writer is ended at once. */
  requestCancel(runId: string, reason: CancelReason): Promise<CancelOutcome>;
  /**
   * Records the answer to a request. The first answer counts; the same answer again is no error, even after the run has
   * ended. The caller must know that the request exists.
   *
   * @param content the answers to the questions of the request; at most LIMITS.answersCharsMax as JSON.
   */
  answer(runId: string, approvalId: string, decision: ApprovalDecision, content?: JsonObject): Promise<AnswerOutcome>;
  /**
   * The run's writer closes a request whose time is over by its own clock, which is the only one that counts. The first
   * of an answer and this counts: `refused` means that there is an answer, which is to be read and taken.
   */
  timeOut(runId: string, approvalId: string): Promise<AnswerOutcome>;
  /** Leaves a text; at most LIMITS.steersPerRunMax per run. A text that comes too late ends as `leftover`. */
  steer(runId: string, text: string): Promise<'recorded' | 'refused' | 'ended' | 'unknown'>;
  /** Everything left for the writer so far. */
  controls(runId: string): Promise<Controls>;
  /** The backstop for lost hints: which of these runs somebody asked to cancel. */
  cancelRequests(runIds: readonly string[]): Promise<Map<string, CancelReason>>;
}
