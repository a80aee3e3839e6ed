import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A gateway like Talaria or Hermes on loopback, whose answers to Chat Completions are written out by the test. */
export interface FakeGateway {
  readonly url: string;
  /** Chat requests, in the order they came. */
  readonly asked: { readonly headers: IncomingHttpHeaders; readonly body: Record<string, unknown> }[];
  /** Ids of runs that were to be stopped. */
  readonly stopped: string[];
  /** Answers to approvals, with the path they came on. */
  readonly answered: { readonly path: string; readonly body: Record<string, unknown> }[];
  /** Status of the replies to them, one after the other; 200 when there is none left. */
  readonly answerStatus: number[];
  /** What is written for the next requests; the headers are out by then. */
  answer: (response: ServerResponse) => void;
  /** Sent as `X-Run-Id`. Undefined: the header is not sent. */
  runId: string | undefined;
  stop(): Promise<void>;
}

export async function startFakeGateway(): Promise<FakeGateway> {
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.once('end', () => {
      const stop = /^\/v1\/runs\/([^/]+)\/stop$/.exec(request.url ?? '')?.[1];
      if (stop !== undefined) {
        gateway.stopped.push(stop);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"stopping"}');
        return;
      }
      if (request.url?.endsWith('/approval')) {
        gateway.answered.push({ path: request.url, body: JSON.parse(text) as Record<string, unknown> });
        response.writeHead(gateway.answerStatus.shift() ?? 200, { 'content-type': 'application/json' }).end('{}');
        return;
      }
      if (request.url !== '/v1/chat/completions') {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[{"id":"agent"}]}');
        return;
      }
      gateway.asked.push({ headers: request.headers, body: JSON.parse(text) as Record<string, unknown> });
      const { runId } = gateway;
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        ...(runId !== undefined && { 'x-run-id': runId }),
      });
      gateway.answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gateway: FakeGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    stopped: [],
    answered: [],
    answerStatus: [],
    answer: () => undefined,
    runId: 'run_theirs',
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return gateway;
}

/** One chunk of an answer. */
export const said = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

/** News of a tool that the gateway runs. */
export const news = (fields: object): string => `event: hermes.tool.progress\ndata: ${JSON.stringify(fields)}\n\n`;

/** The end of a whole answer. */
export const DONE = `data: ${JSON.stringify({
  id: 'c',
  choices: [],
  usage: {
    prompt_tokens: 90,
    completion_tokens: 8,
    prompt_tokens_details: { cached_tokens: 60 },
    completion_tokens_details: { reasoning_tokens: 3 },
  },
})}\n\ndata: [DONE]\n\n`;

/** Writes these frames and ends the body. */
export const whole =
  (...frames: readonly string[]) =>
  (response: ServerResponse): void =>
    void response.end(frames.join(''));

/** Writes these frames and holds the body open. */
export const open =
  (...frames: readonly string[]) =>
  (response: ServerResponse): void =>
    void response.write(frames.join(''));
