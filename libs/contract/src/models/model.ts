import type { JsonObject, JsonValue } from '../json.js';
import type { Message, ReasoningSeal, UpstreamForm } from '../message.js';
import type { Citation } from '../runs/citation.js';
import type { FinishReason, Usage } from '../runs/run-event.js';
import type { ClientTool, Sampling, ToolChoice } from '../runs/run-spec.js';

/** What a model says, in the order it says it. */
export type ModelEvent =
  /** Request fields that were not sent, by their names on the wire. If this event comes at all, it comes first. */
  | { readonly type: 'left_out'; readonly fields: readonly string[] }
  | { readonly type: 'text'; readonly text: string; readonly logprobs?: readonly JsonValue[] }
  /** `seal` ends the block of reasoning; its text may then be empty. */
  | { readonly type: 'reasoning'; readonly text: string; readonly seal?: ReasoningSeal }
  | { readonly type: 'refusal'; readonly text: string }
  /** At most LIMITS.citationsMax in one answer. Places count from the beginning of the answer's own text. */
  | { readonly type: 'citations'; readonly citations: readonly Citation[] }
  /** A data URL. */
  | { readonly type: 'image'; readonly url: string }
  /** A call begins. `callId` is unique within the run. */
  | {
      readonly type: 'tool_call';
      readonly callId: string;
      readonly name: string;
      readonly extraContent?: JsonObject;
    }
  /** State that the upstream attaches to a call that has begun. See ToolCall.extraContent. */
  | { readonly type: 'tool_extra'; readonly callId: string; readonly extraContent: JsonObject }
  | { readonly type: 'tool_arguments'; readonly callId: string; readonly delta: string }
  | {
      readonly type: 'end';
      readonly finishReason: FinishReason;
      readonly usage: Usage;
      /** See `step.completed`. */
      readonly serviceTier?: string;
    };

/** A request field that an upstream refused by its name. */
export interface RefusedField {
  /** As it is called on the upstream's wire. */
  readonly name: string;
  /** JSON text of the only value that was refused; absent: the field is refused whatever it holds. */
  readonly value?: string;
}

export interface ModelRequest {
  /** The upstream's own name of the model. */
  readonly model: string;
  /** The whole system text: core prompt and the caller's instructions; empty for none. */
  readonly system: string;
  readonly messages: readonly Message[];
  /** Everything the model may call: server tools and the caller's. */
  readonly tools: readonly ClientTool[];
  /** The caller brought no tools and forces no call: a model that takes no tools is asked without any. */
  readonly toolsAreOptional?: boolean;
  readonly toolChoice: ToolChoice;
  readonly sampling: Sampling;
  /** Requests with the same key read a common prefix: they profit from the same upstream and its prompt cache. */
  readonly affinity: string;
  /** Bound of the answer for APIs that must have one, when the caller asks for none. Absent: the provider knows. */
  readonly outputTokensDefault?: number;
  /** false: ask for the whole answer at once. Absent: stream. */
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
   * The format in which the upstream takes back reasoning and the state that it attached. The loop leaves out of a
   * request all reasoning and state of another format. Absent: the upstream takes nothing of the kind.
   */
  readonly carries?: UpstreamForm;
  stream(request: ModelRequest): AsyncIterable<ModelEvent>;
  /** Names of the models the upstream offers; throws GatewayError when it cannot be asked. */
  listModels(signal: AbortSignal): Promise<readonly string[]>;
}

/** A provider and the model to ask of it. */
export interface ModelCandidate {
  readonly provider: ModelProvider;
  readonly model: string;
  /** What the model takes in and gives out together, in tokens; absent: not known, nothing is left out for it. */
  readonly contextTokens?: number;
  /** See `ModelRequest.outputTokensDefault`. */
  readonly outputTokensDefault?: number;
  /** How often a failed request is sent again as it was. Absent: never. */
  readonly retriesMax?: number;
}

/** One request to make: whom to ask, and in which manner. `streaming` and `without` go into the ModelRequest. */
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

/** Where a model name leads, and the one place where it is decided whether, whom, how and when to ask again. */
export interface ModelRoute {
  readonly name: string;
  /** The smallest window among its candidates, in tokens; absent: none is known. */
  readonly contextTokens?: number;
  /**
   * The attempt to make first, or after one that failed; resolves when its time has come. Throws the failure when
   * nothing is left to try, and the signal's reason after an abort. A failure after the first event is never brought
   * here: the listener has seen that event.
   * @param affinity see `ModelRequest.affinity`.
   * @param tokens of the request's input, an estimate. Absent: 0.
   */
  next(
    failed: FailedAttempt | undefined,
    affinity: string,
    signal: AbortSignal,
    tokens?: number,
  ): Promise<ModelAttempt>;
}
