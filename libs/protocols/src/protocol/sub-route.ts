import type { ClientTool, JsonObject, Message } from '#libs/contract';
import type { DecodeContext } from './request-context.js';

/** A route of a protocol beside the POST that makes a run. It answers at once. */
export interface SubRoute {
  readonly method: 'GET' | 'POST' | 'HEAD';
  /** With the leading slash and without parameters: `/v1/messages/count_tokens`. */
  readonly path: string;
  /** For the OpenAPI document. */
  readonly summary: string;
  /** The body's class, for the OpenAPI document. Absent: there is no body. */
  readonly dto?: new () => object;
  /**
   * Clients only ask whether somebody is there: no key is asked for, no log line is written, and the OpenAPI document
   * does not name it.
   */
  readonly isProbe?: boolean;
  /** The body of a 200. Throws GatewayError. */
  answer(request: SubRequest, ports: SubRoutePorts): Promise<JsonObject>;
}

export interface SubRequest {
  /** Of a POST: parsed JSON, not yet looked at. */
  readonly body: unknown;
  readonly context: DecodeContext;
}

/** A prompt to be counted. */
export interface Prompt {
  /** As the request names it; null: the default model. */
  readonly model: string | null;
  readonly instructions?: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ClientTool[];
}

export interface SubRoutePorts {
  /**
   * The tokens of a prompt: exact for the texts of OpenAI's models, an estimate for all others. Throws GatewayError
   * `model_not_found`, `rate_limit_exceeded` when too many counts are waiting, `unavailable` when one takes too long.
   */
  countTokens(prompt: Prompt): Promise<number>;
}
