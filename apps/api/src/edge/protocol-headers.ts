import { protocolAt, type Protocol, type RequestHeaders } from '#libs/protocols';

/** A request that is about to be answered. */
export interface AnsweredRequest {
  /** Without its query. */
  readonly path: string;
  readonly headers: RequestHeaders;
  readonly requestId: string;
}

/** Headers by which the clients of a protocol find their way in the log of an operator. */
export type ProtocolHeaders = (request: AnsweredRequest) => Readonly<Record<string, string>>;

const NONE: Readonly<Record<string, string>> = {};

export function protocolHeaders(protocols: readonly Protocol[]): ProtocolHeaders {
  const find = protocolAt(protocols);
  return ({ path, headers, requestId }) => find(path, headers)?.answerHeaders?.({ requestId }) ?? NONE;
}

/** The names of all of them, for browsers: a page may only read the headers that it is told of. */
export function protocolHeaderNames(protocols: readonly Protocol[]): readonly string[] {
  return protocols.flatMap((protocol) => Object.keys(protocol.answerHeaders?.({ requestId: '' }) ?? NONE));
}
