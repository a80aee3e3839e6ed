import type { ApprovalDecision, JsonValue, LoggedEvent } from '#libs/contract';
import type { Encoded } from '../sse-frame.js';

/**
 * For protocols whose streams end while the run waits for somebody, and whose clients come back: with an answer, in the
 * POST that otherwise makes a run, or to hear a run again from its beginning.
 */
export interface Continuation<Dto, S> {
  /** GET: the run of a conversation that goes on, or 204. With the parameter `:id`. */
  readonly resumePath: string;
  /** What the request says to a run that is there; undefined: it asks for a new one. Throws GatewayError. */
  replyOf(dto: Dto): RunReply | undefined;
  /** A stream that is not the first of its run. */
  taken(taking: Taking): TakenEncoder<S>;
}

export interface RunReply {
  readonly runId: string;
  /** Approvals that the client has seen a request for; what it was told beside it, it knows too. */
  readonly heard: readonly string[];
  readonly answers: readonly ReplyAnswer[];
}

export interface ReplyAnswer {
  readonly approvalId: string;
  /** @param isQuestion the call asks for more than yes or no. */
  decide(isQuestion: boolean): { readonly decision: ApprovalDecision; readonly answers?: JsonValue };
}

/** How a stream begins that is not the first of its run. */
export interface Taking {
  /** The run went on behind each `run.parked` of a lower number: only there does the stream end. */
  readonly pausesFrom: number;
  /** Approvals that the client knows of: it knows everything up to where the run waited for them. Absent: nothing. */
  readonly heard?: ReadonlySet<string>;
}

export interface TakenEncoder<S> {
  begin(): S;
  encode(state: S, event: LoggedEvent): Encoded<S>;
  hasEnded(state: S): boolean;
}
