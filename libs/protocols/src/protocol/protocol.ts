import type { JsonObject, LoggedEvent, RunDraft, RunError, RunSnapshot } from '#libs/contract';
import type { ModelList } from './model-list.js';
import type { Continuation } from './continuation.js';
import type { Preparation, PreparePorts } from './preparation.js';
import type { Encoded, SseFrame } from '../sse-frame.js';
import type { DecodeContext, RequestIds } from './request-context.js';
import type { SubRoute } from './sub-route.js';

export type { Encoded } from '../sse-frame.js';

/**
 * A wire format: it turns a request into a RunDraft, and a run's events into a stream or one answer. A new protocol is
 * a folder and an entry in registry.ts. The optional members have the defaults that most protocols want.
 */
export interface Protocol<Dto extends object = object, S = unknown> {
  /** The value of RunSpec.protocol: `openai-chat`. */
  readonly name: string;
  /** Path of its POST, with the leading slash: `/v1/chat/completions`. */
  readonly path: string;
  /** Other paths of the same POST. */
  readonly aliases?: readonly string[];
  /** Its other routes. Errors at their paths, and at unknown paths below `path`, have this protocol's shape. */
  readonly routes?: readonly SubRoute[];
  /**
   * The body's class: `parseDto` checks its top-level fields, and `schemaOf` makes the OpenAPI document from its rules.
   */
  readonly dto: new () => Dto;
  /** Throws GatewayError of status 400, with `param`. */
  decode(dto: Dto, context: DecodeContext): RunDraft;
  /**
   * What the protocol needs besides decoding before its run can be opened: earlier runs, its own kinds of answers.
   * Called once, at start. Absent: the draft is already complete.
   */
  prepare?(ports: PreparePorts): Preparation;
  begin(): S;
  encode(state: S, event: LoggedEvent): Encoded<S>;
  /** Whether the stream has ended, for streams that may end before the run does. */
  hasEnded?(state: S): boolean;
  /** What is said when the stream breaks off though the run goes on. Absent: what a failed run says. */
  breakOff?(state: S, error: RunError): readonly SseFrame[];
  /** Whether it has ended so that the client can answer: the run waits, and nobody has left it. Absent: never. */
  isPaused?(state: S): boolean;
  /** How clients take up a run that is there. Absent: by /v1/runs alone. */
  readonly continuation?: Continuation<Dto, S>;
  /** What is sent when a stream has been silent for a while. Absent: a comment, which clients skip. */
  readonly keepalive?: SseFrame;
  /** The answer without streaming, of a run that ended as `completed` or `incomplete`. */
  final(snapshot: RunSnapshot): JsonObject;
  /** Whether the whole answer also names the upstream that served it. Later reads of the same object do not. */
  readonly saysWhoServed?: boolean;
  /** The body of an error answer. */
  error(error: RunError, request?: RequestIds): JsonObject;
  /** The HTTP status of an error answer. Absent: as the error table says. */
  errorStatus?(error: RunError): number;
  /** Headers of every answer on the protocol's paths, errors included. Browsers may read all of them. */
  answerHeaders?(request: RequestIds): Readonly<Record<string, string>>;
  /** The shape of GET /v1/models for clients of this protocol. */
  readonly models?: ModelList;
  /** What GET /v1/capabilities says about the protocol. */
  readonly capabilities?: ProtocolCapabilities;
}

export interface ProtocolCapabilities {
  /** Names of features, each told as `true`. */
  readonly features: readonly string[];
  readonly endpoints: Readonly<Record<string, { readonly method: string; readonly path: string }>>;
}

/** Checks one protocol's own types against each other, then erases them, so that all protocols fit in one list. */
export function defineProtocol<Dto extends object, S>(protocol: Protocol<Dto, S>): Protocol {
  return protocol as unknown as Protocol;
}
