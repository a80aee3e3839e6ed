import {
  PROTOCOL_VERSION_META_KEY,
  type JSONRPCMessage,
  type RequestId,
  type Transport,
  type TransportSendOptions,
} from '@modelcontextprotocol/client';
import { isJsonObject, traceHeaders, type JsonObject } from '#libs/contract';
import { readList } from '../tools/read-list.js';
import { readResult } from '../tools/read-result.js';

/** The `data` of the error that replaces an answer whose stream ended too early. */
export const STREAM_ENDED = 'stream ended before the answer';

interface Asked {
  readonly method: string;
  readonly cursor?: unknown;
}

/**
 * Tolerates deviations of servers before the client library checks their messages. Invalid entries of lists and results
 * are repaired (see `readList` and `readResult`). A request whose stream ends without the answer fails at once with
 * STREAM_ENDED, because the library would wait for the whole time-out. Servers of older revisions are not told that
 * users can be asked, or of tasks: their questions come during a call, and a run can only wait between calls.
 */
export class TolerantTransport implements Transport {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: Transport['onmessage'];
  /** Requests without an answer. */
  private readonly open = new Map<RequestId, Asked>();

  constructor(
    private readonly inner: Transport,
    private readonly onNote: (note: string) => void,
  ) {
    inner.onclose = () => this.onclose?.();
    inner.onerror = (error) => this.onerror?.(error);
    inner.onmessage = (message, extra) => this.onmessage?.(this.take(message), extra);
  }

  get sessionId(): string | undefined {
    return this.inner.sessionId;
  }

  get hasPerRequestStream(): boolean {
    return this.inner.hasPerRequestStream ?? false;
  }

  setProtocolVersion(version: string): void {
    this.inner.setProtocolVersion?.(version);
  }

  start(): Promise<void> {
    return this.inner.start();
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  async send(message: JSONRPCMessage, options: TransportSendOptions = {}): Promise<void> {
    if (!('method' in message)) return this.inner.send(message, options);
    if (message.method === 'notifications/cancelled') this.open.delete(message.params?.['requestId'] as RequestId);
    if (!('id' in message)) return this.inner.send(message, options);
    const { id, method, params } = message;
    this.open.set(id, { method, cursor: params?.['cursor'] });
    options.requestSignal?.addEventListener('abort', () => this.open.delete(id), { once: true });
    const onRequestStreamEnd = (): void => {
      options.onRequestStreamEnd?.();
      this.endWithoutAnswer(id);
    };
    try {
      await this.inner.send(withTrace(withoutCapabilities(message)), { ...options, onRequestStreamEnd });
    } catch (cause) {
      this.open.delete(id);
      throw cause;
    }
  }

  private endWithoutAnswer(id: RequestId): void {
    if (!this.open.delete(id)) return;
    const error = { code: -32_000, message: 'The stream of the answer ended.', data: STREAM_ENDED };
    this.onmessage?.({ jsonrpc: '2.0', id, error });
  }

  private take<M extends JSONRPCMessage>(message: M): M {
    if (!('id' in message) || message.id === undefined || 'method' in message) return message;
    const asked = this.open.get(message.id);
    this.open.delete(message.id);
    if (!asked || !('result' in message) || !isJsonObject(message.result)) return message;
    return { ...message, result: this.repaired(asked, message.result) };
  }

  private repaired({ method, cursor }: Asked, result: JsonObject): JsonObject {
    if (method === 'tools/list') return readList(result, cursor, this.onNote);
    if (method.startsWith('tasks/')) return { ...result, resultType: 'complete' };
    return method === 'tools/call' ? readResult(result) : result;
  }
}

function withoutCapabilities(message: JSONRPCMessage): JSONRPCMessage {
  if (!('method' in message) || message.method !== 'initialize') return message;
  return { ...message, params: { ...message.params, capabilities: {} } };
}

/** Requests of revision 2026-07-28 tell the trace in `_meta`, too: a program has no headers. */
function withTrace(message: JSONRPCMessage): JSONRPCMessage {
  if (!('method' in message) || message.params?._meta?.[PROTOCOL_VERSION_META_KEY] === undefined) return message;
  return { ...message, params: { ...message.params, _meta: { ...message.params._meta, ...traceHeaders() } } };
}
