import type { JsonValue } from '../json.js';
import type { Message } from '../message.js';
import type { FinishReason, Usage } from '../runs/run-event.js';
import type { ClientTool, Sampling, ToolChoice } from '../runs/run-spec.js';

/** What a model says, in the order it says it. */
export type ModelEvent =
  | { readonly type: 'text'; readonly text: string; readonly logprobs?: readonly JsonValue[] }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'refusal'; readonly text: string }
  /** A call begins. `callId` is unique within the run. */
  | { readonly type: 'tool_call'; readonly callId: string; readonly name: string }
  | { readonly type: 'tool_arguments'; readonly callId: string; readonly delta: string }
  | { readonly type: 'end'; readonly finishReason: FinishReason; readonly usage: Usage };

export interface ModelRequest {
  /** The upstream's own name of the model. */
  readonly model: string;
  /** The whole system text: core prompt and the caller's instructions; empty for none. */
  readonly system: string;
  readonly messages: readonly Message[];
  /** Everything the model may call: server tools and the caller's. */
  readonly tools: readonly ClientTool[];
  readonly toolChoice: ToolChoice;
  readonly sampling: Sampling;
  /** Aborting it closes the upstream's socket. */
  readonly signal: AbortSignal;
}

/**
 * One upstream. A provider only translates.
 *
 * `stream` yields events and, as the last one, exactly one `end`. It throws GatewayError with an `upstream_*` or
 * `context_length_exceeded` code, or the signal's reason after an abort, and nothing else. An answer that breaks off
 * (end of body without the protocol's own end) throws `upstream_cut`: it never ends like a whole one. Retries of the
 * request (408, 409, 429, 5xx, connection errors; with backoff, honouring Retry-After) happen inside, before the first
 * event and never after it. When streaming fails before the first event, the provider may ask once more without
 * streaming.
 */
export interface ModelProvider {
  /** The upstream's name from the config; shown in events. */
  readonly upstream: string;
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
}

/** Where a model name leads: the first candidate is asked, the others stand in when it fails before its first event. */
export interface ModelRoute {
  readonly name: string;
  readonly candidates: readonly ModelCandidate[];
}
