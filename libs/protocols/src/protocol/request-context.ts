import type { JsonObject, OnDisconnect } from '#libs/contract';

/** Request headers; names in lower case, as Node gives them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface RequestIds {
  /** The id in the header `x-request-id` and in log lines. */
  readonly requestId: string;
}

/** The facts about a request, besides its body, that a protocol may use. */
export interface DecodeContext {
  /** The value that the headers ask for. Absent: the protocol's own default. */
  readonly onDisconnect?: OnDisconnect;
  /** The request had an X-Hermes-* header, so its client follows the conventions of the Hermes API server. */
  readonly hermesClient: boolean;
  /**
   * The form in which Responses shows calls that the gateway executed: `mcp_call`, which clients recognise as a tool
   * that the server ran, or `function_call` with its output, as the Hermes API server does.
   */
  readonly serverCalls?: 'mcp_call' | 'function_call';
  /** Calls that wait for approval are said in the text of the stream. Absent: they are not. */
  readonly saysApprovals?: boolean;
  /** Bound for the text of one message; longer texts are refused, never cut. */
  readonly messageTextCharsMax: number;
  /** Fields of the body that the protocol's class does not declare. Absent: none. */
  readonly otherFields?: JsonObject;
  /** Absent when the body did not come over HTTP. */
  readonly headers?: RequestHeaders;
}
