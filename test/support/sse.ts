import { request, type IncomingMessage } from 'node:http';

/** The data lines of an SSE text, without `data: `. */
export const dataLines = (text: string): string[] => [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? '');

/** An answer under way, as raw text; for tests that leave in the middle or read slowly. */
export interface OpenAnswer {
  readonly response: IncomingMessage;
  /** Everything received so far. */
  text(): string;
  /** Resolves with the whole text; rejects when the connection breaks before the end. */
  readonly whole: Promise<string>;
  /** Closes the socket. */
  leave(): void;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
  /** Closes the socket, also before the head has come. */
  readonly signal?: AbortSignal;
}

/** Sends a request on a connection of its own and resolves with its head. */
export function openAnswer(url: string, { method = 'GET', headers = {}, body, signal }: Ask = {}): Promise<OpenAnswer> {
  return new Promise((resolve, reject) => {
    const ask = request(url, { method, headers, agent: false, ...(signal && { signal }) }, (response) => {
      const chunks: Buffer[] = [];
      const text = (): string => Buffer.concat(chunks).toString('utf8');
      const whole = new Promise<string>((done, fail) => {
        response.on('end', () => done(text()));
        response.on('error', fail);
      });
      // A test that leaves does not wait for it.
      whole.catch(() => undefined);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      resolve({ response, text, whole, leave: () => ask.destroy() });
    });
    ask.on('error', reject);
    ask.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
