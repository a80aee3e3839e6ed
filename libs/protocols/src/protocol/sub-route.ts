import type { ClientTool, JsonObject, Message } from '#libs/contract';
import type { DecodeContext } from './request-context.js';

/** A route of a protocol besides the POST that creates a run. It answers at once. */
export interface SubRoute {
  readonly method: 'GET' | 'POST' | 'HEAD';
  /** With the leading slash and without parameters: `/v1/messages/count_tokens`. */
  readonly path: string;
  /** For the OpenAPI document. */
  readonly summary: string;
  /** The body's class, for the OpenAPI document. Absent: there is no body. */
  readonly dto?: new () => object;
  /**
   * For clients that only ask whether the server is up: no key is required, no log line is written, and the OpenAPI
   * document does not name the route.
   */
  readonly isProbe?: boolean;
  /** The body of a 200. Throws GatewayError. */
  answer(request: SubRequest, ports: SubRoutePorts): Promise<JsonObject>;
}

export interface SubRequest {
  /** For a POST: parsed JSON, not checked yet. */
  readonly body: unknown;
  readonly context: DecodeContext;
}

/** A prompt whose tokens are counted. */
export interface Prompt {
  /** As the request names it; null: the default model. */
  readonly model: string | null;
  readonly instructions?: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ClientTool[];
}

export interface SubRoutePorts {
  /**
   * The tokens of a prompt: exact for texts of OpenAI's models, an estimate for all others. Throws GatewayError
   * `model_not_found`, `rate_limit_exceeded` when too many counts wait, and `unavailable` when a count takes too long.
   */
  countTokens(prompt: Prompt): Promise<number>;
}
