import type { RunSnapshot } from '#libs/contract';
import { text } from 'node:stream/consumers';
import { startHttpServer } from './http-server.js';

/** A store that has single runs and nothing else, in the words of the real one. */
export interface FakeStore {
  readonly url: string;
  /** By run id. */
  readonly runs: Map<string, RunSnapshot>;
  close(): Promise<void>;
}

export async function startFakeStore(): Promise<FakeStore> {
  const runs = new Map<string, RunSnapshot>();
  const resultOf = (call: string, body: string): unknown => {
    if (call === 'runs/turns') return [];
    const [runId] = call === 'runs/run' ? (JSON.parse(body) as [string]) : [''];
    return runs.get(runId) ?? null;
  };
  const server = await startHttpServer((request, response) => {
    const call = (request.url ?? '').replace('/internal/', '');
    void text(request).then((body) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ result: resultOf(call, body) }));
    });
  });
  return { url: `http://127.0.0.1:${server.port}`, runs, close: () => server.close() };
}
