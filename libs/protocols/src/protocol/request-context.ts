import type { JsonObject, OnDisconnect } from '#libs/contract';

/** Request headers; names in lower case, as Node gives them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface RequestIds {
  /** As in the header `x-request-id` and in log lines. */
  readonly requestId: string;
}

/** What a protocol may know about a request besides its body. */
export interface DecodeContext {
  /** What the headers ask for. Absent: the protocol's own default. */
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
  /** Absent where a body is read that did not come over HTTP. */
  readonly headers?: RequestHeaders;
}
