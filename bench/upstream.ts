import { createServer, type ServerResponse } from 'node:http';
import { modelOf, paceOf, stampedToken, type Pace } from './clock.js';
import { readBody } from './read-body.js';

/** A paced, OpenAI-compatible model server: the same for the floor and for the gateway. Loopback only. Port: PORT. */
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    const models = [{ id: modelOf({ tokens: 64, gapMs: 10 }), object: 'model', created: 0, owned_by: 'bench' }];
    return sendJson(response, { object: 'list', data: models });
  }
  readBody(request).then(
    (body) => answer(response, JSON.parse(body) as { model: string; stream?: boolean }),
    () => response.destroy(),
  );
});
server.on('connection', (socket) => socket.setNoDelay(true));
server.keepAliveTimeout = 120_000;
server.listen({ host: '127.0.0.1', port: Number(process.env['PORT']), backlog: 2_048 });

let answers = 0;

function answer(response: ServerResponse, { model, stream }: { model: string; stream?: boolean }): void {
  const pace = paceOf(model);
  const id = `chatcmpl-${++answers}`;
  const usage = { prompt_tokens: 8, completion_tokens: pace.tokens, total_tokens: pace.tokens + 8 };
  const created = Math.floor(Date.now() / 1_000);
  if (!stream) {
    const content = Array.from({ length: pace.tokens }, (_, index) => stampedToken(index)).join('');
    const message = { role: 'assistant', content, refusal: null };
    const choices = [{ index: 0, message, finish_reason: 'stop', logprobs: null }];
    return sendJson(response, { id, object: 'chat.completion', created, model, choices, usage });
  }
  const head = `data: {"id":"${id}","object":"chat.completion.chunk","created":${created},"model":"${model}","choices":`;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }).flushHeaders();
  writePaced(response, pace, {
    token: (index) => `${head}[{"index":0,"delta":{"content":"${stampedToken(index)}"},"finish_reason":null}]}\n\n`,
    end: () =>
      `${head}[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n` +
      `${head}[],"usage":${JSON.stringify(usage)}}\n\ndata: [DONE]\n\n`,
  });
}

/**
 * As HTTP frames it: `response.write` makes four buffers of each, which cost the model server more than all else and
 * the cores that it shares.
 */
const chunkOf = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** Writes token after token on schedule; a late one does not push back those behind it. */
function writePaced(response: ServerResponse, pace: Pace, frames: { token(i: number): string; end(): string }): void {
  const start = performance.now();
  const { socket } = response;
  let index = 0;
  let closed = socket === null;
  response.on('close', () => (closed = true));
  const step = (): void => {
    if (closed || !socket) return;
    const roomLeft = socket.write(chunkOf(frames.token(index++)));
    if (index === pace.tokens) {
      socket.write(chunkOf(frames.end()));
      return void response.end();
    }
    if (!roomLeft) return void socket.once('drain', next);
    next();
  };
  const next = (): void => {
    if (pace.gapMs === 0) setImmediate(step);
    else setTimeout(step, Math.max(0, start + index * pace.gapMs - performance.now()));
  };
  step();
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
