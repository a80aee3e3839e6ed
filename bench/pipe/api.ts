import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createServer, type ServerResponse } from 'node:http';
import { readBody } from '../read-body.js';
import { CHANNEL, QUEUE, type PipeEvent, type PipeJob } from './wire.js';

/** The bare pipe's front: a request becomes a job, and what is published of it becomes the answer. PORT, REDIS_PORT. */
const connect = (): Redis => new Redis({ port: Number(process.env['REDIS_PORT']), maxRetriesPerRequest: null });
const queue = new Queue<PipeJob>(QUEUE, { connection: connect() });
const watchers = new Map<string, (events: readonly PipeEvent[]) => void>();
let runs = 0;

const subscriber = connect();
subscriber.on('message', (_channel: string, message: string) => {
  for (const line of message.split('\n')) {
    const space = line.indexOf(' ');
    watchers.get(line.slice(0, space))?.(JSON.parse(line.slice(space + 1)) as PipeEvent[]);
  }
});
await subscriber.subscribe(CHANNEL);

const server = createServer((request, response) => {
  if (request.method === 'GET') return void response.end('{}');
  readBody(request).then(
    (body) => start(response, JSON.parse(body) as PipeJob['body']),
    () => response.destroy(),
  );
});
server.on('connection', (socket) => socket.setNoDelay(true));
server.listen({ host: '127.0.0.1', port: Number(process.env['PORT']), backlog: 2_048 });

function start(response: ServerResponse, body: PipeJob['body']): void {
  const runId = `run${++runs}`;
  watchers.set(runId, body.stream ? streamTo(response, runId, body.model) : answerTo(response, runId));
  if (body.stream) response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  queue.add('run', { runId, body }, { removeOnComplete: true, removeOnFail: true }).catch(() => response.destroy());
}

function streamTo(response: ServerResponse, runId: string, model: string) {
  const chunk = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ id: runId, object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  return (events: readonly PipeEvent[]): void => {
    let frames = '';
    for (const { text, end } of events) {
      if (text !== undefined) frames += chunk({ content: text }, null);
      if (end === true) frames += `${chunk({}, 'stop')}data: [DONE]\n\n`;
    }
    response.write(frames);
    if (events.at(-1)?.end !== true) return;
    watchers.delete(runId);
    response.end();
  };
}

function answerTo(response: ServerResponse, runId: string) {
  let content = '';
  return (events: readonly PipeEvent[]): void => {
    for (const { text } of events) content += text ?? '';
    if (events.at(-1)?.end !== true) return;
    watchers.delete(runId);
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: runId, object: 'chat.completion', choices }));
  };
}
