import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { pipeline } from 'node:stream';

/** One request that passed the gate, and what came of it. */
export interface Passed {
  /** The API key that the client sent. */
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** When the request came, in milliseconds. */
  readonly at: number;
}

/**
 * A reverse proxy as there are many: it cuts a stream of the gateway in which nothing was said for `silenceMsMax`.
 * It keeps what passed, so that the clients need no words of their own for that.
 */
export function gateTo(gatewayUrl: string, silenceMsMax: number): { server: Server; passed: readonly Passed[] } {
  const passed: Passed[] = [];
  const { hostname: host, port } = new URL(gatewayUrl);
  const server = createServer((incoming, outgoing) => {
    const { method = '', url: path = '', headers } = incoming;
    const at = Date.now();
    const onward = request({ host, port, method, path, headers, agent: false });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    onward.on('response', (answer) => {
      const { statusCode: status = 0, headers: said } = answer;
      passed.push({ key: keyOf(incoming), method, path, status, retryAfter: said['retry-after'], at });
      outgoing.writeHead(status, said);
      outgoing.flushHeaders();
      // An answer that is no stream has no way to give a sign of life.
      const isStream = said['content-type']?.startsWith('text/event-stream') === true;
      if (isStream) onward.setTimeout(silenceMsMax, () => onward.destroy(new Error('silent for too long')));
      pipeline(answer, outgoing, (error) => error && outgoing.destroy());
    });
    pipeline(incoming, onward, (error) => error && onward.destroy());
  });
  return { server, passed };
}

const keyOf = ({ headers }: IncomingMessage): string =>
  headers.authorization?.replace(/^Bearer /i, '') ?? String(headers['x-api-key']);
