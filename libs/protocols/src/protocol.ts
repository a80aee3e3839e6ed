import type { JsonObject, LoggedEvent, OnDisconnect, RunDraft, RunError, RunSnapshot } from '#libs/contract';
import type { SseFrame } from './sse-frame.js';

/** One step of an encoder: old state and event in, new state and frames out. No clock, no ids, no I/O, no mutation. */
export type Encoded<S> = readonly [state: S, frames: readonly SseFrame[]];

/** What `decode` may know about a request besides its body. */
export interface DecodeContext {
  /** What the headers say of it; absent: what the protocol does by itself. */
  readonly onDisconnect?: OnDisconnect;
  /** The request carried an X-Hermes-* header: its sender follows the habits of the Hermes API server. */
  readonly hermesClient: boolean;
  /**
   * How Responses tells of calls that the gateway executed: as `mcp_call`, which clients take for a tool that the
   * server ran, or as `function_call` with its output, as the Hermes API server does.
   */
  readonly serverCalls?: 'mcp_call' | 'function_call';
  /** Bound for the text of one message; longer texts are refused, never cut. */
  readonly messageTextCharsMax: number;
  /** Fields of the body that the protocol's class does not declare. Absent: none. */
  readonly otherFields?: JsonObject;
}

/**
 * A wire format: a request becomes a RunDraft, a run's events become a stream or one answer. Adding one is a folder and
 * an entry in registry.ts.
 */
export interface Protocol<Dto extends object = object, S = unknown> {
  /** Stands in RunSpec.protocol: `openai-chat`. */
  readonly name: string;
  /** Of its POST, with the leading slash: `/v1/chat/completions`. */
  readonly path: string;
  /** Other paths of the same POST. */
  readonly aliases?: readonly string[];
  /**
   * The body's class: `parseDto` checks its top-level fields, and `schemaOf` makes the OpenAPI document of its rules.
   */
  readonly dto: new () => Dto;
  /** Throws GatewayError of status 400, with `param`. */
  decode(dto: Dto, context: DecodeContext): RunDraft;
  begin(): S;
  encode(state: S, event: LoggedEvent): Encoded<S>;
  /** Whether the stream has ended, where that may be before the run does. */
  hasEnded?(state: S): boolean;
  /** The answer without streaming, of a run that ended as `completed` or `incomplete`. */
  final(snapshot: RunSnapshot): JsonObject;
  /** The body of an error answer. */
  error(error: RunError): JsonObject;
}

/** Checks one protocol's own types against each other, then erases them, so that all protocols fit in one list. */
export function defineProtocol<Dto extends object, S>(protocol: Protocol<Dto, S>): Protocol {
  return protocol as unknown as Protocol;
}
