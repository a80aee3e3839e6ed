import { protocolAt, type Protocol, type RequestHeaders } from '#libs/protocols';

/** A request and its coming answer. */
export interface AnsweredRequest {
  /** Path without query. */
  readonly path: string;
  readonly headers: RequestHeaders;
  readonly requestId: string;
}

/** Answer headers of a protocol, such as the request id with which its clients can refer to a log line. */
export type ProtocolHeaders = (request: AnsweredRequest) => Readonly<Record<string, string>>;

const NONE: Readonly<Record<string, string>> = {};

export function protocolHeaders(protocols: readonly Protocol[]): ProtocolHeaders {
  const find = protocolAt(protocols);
  return ({ path, headers, requestId }) => find(path, headers)?.answerHeaders?.({ requestId }) ?? NONE;
}

/** The names of all these headers, for browsers: a page may only read headers that are announced to it. */
export function protocolHeaderNames(protocols: readonly Protocol[]): readonly string[] {
  return protocols.flatMap((protocol) => Object.keys(protocol.answerHeaders?.({ requestId: '' }) ?? NONE));
}
