import type { JsonObject, JsonValue } from '../json.js';
import type { Message, ReasoningSeal, UpstreamForm } from '../message.js';
import type { Citation } from '../runs/citation.js';
import type { ApprovalBy, ApprovalDecision, FinishReason, Usage } from '../runs/run-event.js';
import type { ClientTool, EmbeddingsOrder, Sampling, ToolChoice } from '../runs/run-spec.js';

/** The parts of a model's answer, in their order. */
export type ModelEvent =
  /** Request fields that were not sent, by their names on the wire. If this event comes at all, it comes first. */
  | { readonly type: 'left_out'; readonly fields: readonly string[] }
  | { readonly type: 'text'; readonly text: string; readonly logprobs?: readonly JsonValue[] }
  /** `seal` ends the block of reasoning; its text may then be empty. */
  | { readonly type: 'reasoning'; readonly text: string; readonly seal?: ReasoningSeal }
  | { readonly type: 'refusal'; readonly text: string }
  /** At most LIMITS.citationsMax in one answer. Positions count from the beginning of this answer's text. */
  | { readonly type: 'citations'; readonly citations: readonly Citation[] }
  /** A data URL. */
  | { readonly type: 'image'; readonly url: string }
  /** The next vectors of an answer to `ModelRequest.embed`, see `text.delta`. */
  | { readonly type: 'vectors'; readonly vectors: readonly string[] }
  /** A call begins. `callId` is unique within the run. */
  | {
      readonly type: 'tool_call';
      readonly callId: string;
      readonly name: string;
      readonly extraContent?: JsonObject;
    }
  /** State that the upstream attaches to a call after the call has begun. See ToolCall.extraContent. */
  | { readonly type: 'tool_extra'; readonly callId: string; readonly extraContent: JsonObject }
  | { readonly type: 'tool_arguments'; readonly callId: string; readonly delta: string }
  /**
   * A tool that the upstream runs itself has begun; it is no call for us. `callId` is unique within the run. `about`
   * says in a line what the call is about. With `asks` it has not begun: the upstream first asks a human.
   */
  | {
      readonly type: 'own_tool';
      readonly callId: string;
      readonly name: string;
      readonly about?: string;
      readonly asks?: UpstreamAsk;
    }
  /** The upstream has the answer to what such a tool asked, from us or from somebody else. The tool begins. */
  | {
      readonly type: 'own_tool_answered';
      readonly callId: string;
      readonly decision: ApprovalDecision;
      readonly by: ApprovalBy;
    }
  /** News of such a tool, for showing. */
  | { readonly type: 'own_tool_progress'; readonly callId: string; readonly text: string }
  /** Such a tool has ended. Absent: the upstream does not say what came of it, or how long it took. */
  | {
      readonly type: 'own_tool_end';
      readonly callId: string;
      readonly isError: boolean;
      readonly output?: string;
      readonly durationMs?: number;
    }
  | {
      readonly type: 'end';
      readonly finishReason: FinishReason;
      readonly usage: Usage;
      /** See `step.completed`. */
      readonly serviceTier?: string;
    };

/** An upstream waits for somebody to allow a call that it makes itself. */
export interface UpstreamAsk {
  /** Seconds until it stops waiting; above 0. */
  readonly secondsMax: number;
  /**
   * Gives it an answer. Resolves when it has heard it, also when it does not take it, because it has another one. What
   * came of it is told by `own_tool_answered`. Rejects when it could not be reached: the answer may be given again.
   */
  answer(decision: ApprovalDecision, signal: AbortSignal): Promise<void>;
}

/** A request field that an upstream refused by its name. */
export interface RefusedField {
  /** The name on the upstream's wire. */
  readonly name: string;
  /** JSON text of the only value that was refused. Absent: the field is refused with any value. */
  readonly value?: string;
}

/** Sessions of two API keys may have one id: the two together name a session. */
export interface SessionName {
  readonly owner: string;
  readonly id: string;
}

export interface ModelRequest {
  /** The upstream's own name of the model. */
  readonly model: string;
  /** The whole system text: core prompt and the caller's instructions. Empty for none. */
  readonly system: string;
  readonly messages: readonly Message[];
  /** Everything the model may call: server tools and the caller's. */
  readonly tools: readonly ClientTool[];
  /** Those of `tools` that the caller brought. Absent: it is not known which. */
  readonly callerTools?: readonly ClientTool[];
  /** The caller brought no tools and forces no call, so a model that supports no tools is asked without any. */
  readonly toolsAreOptional?: boolean;
  readonly toolChoice: ToolChoice;
  readonly sampling: Sampling;
  /** The model is asked for vectors of these texts, and for nothing else. A provider without them throws. */
  readonly embed?: EmbeddingsOrder;
  /** Requests with the same key share a common prefix, so the same upstream and its prompt cache serve them best. */
  readonly affinity: string;
  /** The named session that the request belongs to. Absent: none. */
  readonly session?: SessionName;
  /** Bound of the answer when the caller names none and the API requires one. Absent: the provider chooses. */
  readonly outputTokensDefault?: number;
  /** false: asks for the whole answer at once. Absent: streams. */
  readonly streaming?: boolean;
  /** Fields that this upstream is known to refuse for this model: they are not sent. */
  readonly without?: readonly RefusedField[];
  /** Aborting it closes the upstream's socket. */
  readonly signal: AbortSignal;
}

/**
 * One upstream. A provider only translates: it sends one request and never decides to ask again (see ModelRoute).
 *
 * `stream` yields events and, as the last one, exactly one `end`. It throws GatewayError with an `upstream_*` or
 * `context_length_exceeded` code, or the signal's reason after an abort, and nothing else. An answer that breaks off
 * (end of body without the protocol's own end) throws `upstream_cut`: it never ends like a whole one.
 */
export interface ModelProvider {
  /** The upstream's name from the config; shown in events. */
  readonly upstream: string;
  /**
   * The format in which the upstream takes back reasoning and its attached state. The agent loop leaves all reasoning
   * and state of another format out of a request. Absent: the upstream takes none back.
   */
  readonly carries?: UpstreamForm;
  stream(request: ModelRequest): AsyncIterable<ModelEvent>;
  /** Names of the models that the upstream offers. Throws GatewayError when it cannot be asked. */
  listModels(signal: AbortSignal): Promise<readonly string[]>;
}

/** A provider and the model to ask of it. */
export interface ModelCandidate {
  readonly provider: ModelProvider;
  readonly model: string;
  /**
   * Window of the model for input and output together, in tokens. Absent when it is not known: then nothing is left
   * out.
   */
  readonly contextTokens?: number;
  /** See `ModelRequest.outputTokensDefault`. */
  readonly outputTokensDefault?: number;
  /** How often a failed request is sent again unchanged. Absent: never. */
  readonly retriesMax?: number;
}

/** One request to make: the candidate, and the manner of asking. `streaming` and `without` go into the ModelRequest. */
export interface ModelAttempt {
  readonly candidate: ModelCandidate;
  readonly streaming: boolean;
  /** See `ModelRequest.without`. */
  readonly without: readonly RefusedField[];
  /** How often this candidate has been asked in this manner before. */
  readonly retries: number;
}

/** An attempt that failed before its first event, and what its provider threw. */
export interface FailedAttempt {
  readonly attempt: ModelAttempt;
  readonly error: unknown;
}

/** Where a model name leads. Only here is it decided whether, whom, how and when to ask again. */
export interface ModelRoute {
  readonly name: string;
  /** The smallest window among its candidates, in tokens; absent: none is known. */
  readonly contextTokens?: number;
  /**
   * The first attempt, or the one after a failed attempt. Resolves when it is time to make it. Throws the failure when
   * no attempt is left, and the signal's reason after an abort. Do not report a failure after the first event here,
   * because listeners have seen that event.
   * @param affinity see `ModelRequest.affinity`.
   * @param tokens estimated input tokens of the request. Absent: 0.
   */
  next(
    failed: FailedAttempt | undefined,
    affinity: string,
    signal: AbortSignal,
    tokens?: number,
  ): Promise<ModelAttempt>;
}
