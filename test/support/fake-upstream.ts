import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { play, type RawAnswer, type Replies } from './fake-upstream-play.js';
import { embeddingsWire } from './fake-embeddings.js';
import { anthropicWire, openaiWire, type FakeWire } from './fake-upstream-wires.js';

/**
 * A real HTTP server that speaks like OpenAI (`<url>/v1/chat/completions`; `/v1/embeddings`: fake-embeddings.ts) and
 * Anthropic (`<url>/v1/messages`). The name of the model says how it behaves: a word, then options, as in `cut:after=3`
 * or `ok:n=500,gap=20`.
 *
 *   ok                 `n` words (8), `gap` ms between them (0), `first` ms before the first
 *   slow:first=ms      the same as ok
 *   split  crlf        ok with text outside ASCII: one byte per write; lines that end with CRLF. Both take `crlf=1`
 *   noise              ok between comments, unknown events and an empty choice or a ping
 *   nodone             ends behind the finish reason, without the protocol's last word
 *   eof:after=3        ends cleanly without a finish reason     cut:after=3  the connection breaks
 *   dup-done           says the last word twice                 held         keeps the body open behind the last word
 *   badjson:count=1    so many events that are no JSON          hugeline:mb=9  a line of that size
 *   emptychoices  nullcontent  usage-missing   what the words say
 *   tools              calls the first tool offered until the conversation ends with a result, then answers
 *   json-tools         the same, never as a stream         toolloop     calls it for ever
 *   carried            thinks and calls the first tool, as `tools` does; 400 when earlier calls come back without what
 *                      they came with: reasoning, signatures, state of the call
 *   reasoning  refusal  length                 what the words say
 *   error-in-stream:after=2                    an error event after so many words; `code` names it
 *   hang:after=0       goes silent after so many words; with 0, before its headers
 *   html  json-instead-of-sse  redirect        whatever was asked for
 *   nostream           400 with param `stream` when a stream is asked for
 *   429 500 503 ...    that status; `times` so often for this model name (always), `ra` Retry-After in seconds,
 *                      `date=1` to give it as a date
 *   auth  context  refused                     401; 400 for a conversation that is too long; 400 that repeats the key
 *   answer:name=x      what the function put into `answers` under x gives
 *   script:name=x      the events put into `scripts` under x, as they are
 *
 * Faults of a stream do not show when no stream is asked for: then the answer is whole.
 */
export interface FakeUpstream {
  /** `http://127.0.0.1:<port>`; OpenAI clients want `/v1` behind it. */
  readonly url: string;
  /** Calls of models, in the order they came. Requests for lists of models are not among them. */
  readonly requests: RecordedRequest[];
  /** Calls that are being answered. */
  readonly active: number;
  /** Sockets that have been opened so far. */
  readonly sockets: number;
  /**
   * Streams for `script:name=x`: each entry becomes one event; strings are sent as they are. `x@2` goes before `x` for
   * a conversation with two tool results in it.
   */
  readonly scripts: Map<string, readonly (object | string)[]>;
  /** The answers to `answer:name=x`, whatever the request. */
  readonly answers: Map<string, RawAnswer>;
  /** Forgets the requests and how often a status was given. */
  reset(): void;
  /** Cuts what is open. */
  stop(): Promise<void>;
}

export interface RecordedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  /** performance.now() when the request had been read. */
  readonly at: number;
  /** performance.now() when the client closed the socket before its answer had ended. */
  aborted?: number;
  /** The whole answer was sent. */
  answered: boolean;
}

const MODELS = ['ok', 'tools', 'reasoning'];

export async function startFakeUpstream(): Promise<FakeUpstream> {
  const requests: RecordedRequest[] = [];
  const replies: Replies = { scripts: new Map(), answers: new Map(), failures: new Map(), asked: new Map() };
  let active = 0;
  let sockets = 0;
  const server = createServer((request, response) => {
    const wireFor = wireOf(request);
    if (!wireFor) return answerOther(request, response);
    const answered = readBody(request).then(async (body) => {
      const { url = '', headers } = request;
      const record: RecordedRequest = { path: url, headers, body, at: performance.now(), answered: false };
      requests.push(record);
      active++;
      response.once('close', () => {
        active--;
        record.answered = response.writableFinished;
        // A connection that the server itself cut has been marked by `play`.
        if (!record.answered && !response.errored) record.aborted = performance.now();
      });
      await play({ wire: wireFor(body), body, headers, response, replies });
    });
    // The client left before its request was read, or sent no JSON.
    answered.catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets++;
    socket.setNoDelay(true);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get active() {
      return active;
    },
    get sockets() {
      return sockets;
    },
    scripts: replies.scripts,
    answers: replies.answers,
    reset() {
      requests.length = 0;
      replies.failures.clear();
      replies.asked.clear();
    },
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

/** The wire of a call of a model, which may depend on its body. */
function wireOf({ method, url = '' }: IncomingMessage): ((body: Record<string, unknown>) => FakeWire) | undefined {
  if (method !== 'POST') return undefined;
  if (url.startsWith('/v1/embeddings')) return embeddingsWire;
  if (url.startsWith('/v1/chat/completions')) return () => openaiWire;
  return url.startsWith('/v1/messages') ? () => anthropicWire : undefined;
}

function answerOther({ method, url = '', headers }: IncomingMessage, response: ServerResponse): void {
  const isModels = method === 'GET' && url.startsWith('/v1/models');
  const isRefused = isModels && /wrong/.test(`${headers.authorization} ${String(headers['x-api-key'])}`);
  const status = isRefused ? 401 : isModels ? 200 : 404;
  response.writeHead(status, { 'content-type': 'application/json' });
  const data = MODELS.map((id) => ({ id, object: 'model', type: 'model', created: 0, owned_by: 'fake' }));
  response.end(JSON.stringify(status === 200 ? { object: 'list', data } : { error: { message: `status ${status}` } }));
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
}
