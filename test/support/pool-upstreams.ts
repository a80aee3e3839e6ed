import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How an upstream of a pool answers its calls; `asked` counts them from 1. */
export type Behaviour = (response: ServerResponse, asked: number) => void;

export interface PoolUpstream {
  readonly name: string;
  readonly url: string;
  asked: number;
  behave: Behaviour;
  stop(): Promise<void>;
}

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'big', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 2,
  total_tokens: 102,
  prompt_tokens_details: { cached_tokens: 50 },
};

/** Says the text in a stream, as OpenAI does. */
export const says =
  (text: string): Behaviour =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk({ role: 'assistant', content: text }));
    response.write(chunk({}, 'stop'));
    response.end(`data: ${JSON.stringify({ id: 'c', choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`);
  };

export const refuses =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error: { message: 'No.', type: 'x', code: null } }));
  };

/** 200, and then an error in the stream before any word. */
export const overloadedInside: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`data: ${JSON.stringify({ error: { message: 'Overloaded', type: 'overloaded_error' } })}\n\n`);
};

/** A word, and then nothing. */
export const stalls: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(chunk({ role: 'assistant', content: 'Well' }));
};

export const hangs: Behaviour = () => undefined;
export const dies: Behaviour = (response) => response.destroy();
export const after =
  (ms: number, then: Behaviour): Behaviour =>
  (response, asked) =>
    void setTimeout(() => then(response, asked), ms);

/** An OpenAI server on loopback that serves the model `big`. */
export async function poolUpstream(name: string, behave: Behaviour): Promise<PoolUpstream> {
  const server: Server = createServer((request, response) => {
    request.resume();
    request.once('end', () => {
      if (request.method === 'GET') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ object: 'list', data: [{ id: 'big', object: 'model' }] }));
        return;
      }
      upstream.asked++;
      upstream.behave(response, upstream.asked);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream: PoolUpstream = {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked: 0,
    behave,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return upstream;
}
