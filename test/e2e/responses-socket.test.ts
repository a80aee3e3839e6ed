import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { API_LIMITS } from '../../apps/api/src/words/api-limits.js';
import { ALICE, BOB, runIdOf, startApiLab, type ApiLab } from '../support/api-lab.js';
import { stepCompleted, stepStarted } from '../support/scripted-worker.js';
import { until } from '../support/until.js';

/** What a WebSocket lives through while its server stops; the worker is played by hand. */
let lab: ApiLab;
beforeEach(async () => {
  lab = await startApiLab(1, { MODELS_UNKNOWN: 'passthrough' });
});
afterEach(() => lab?.close());

function open(key: string): WebSocket {
  return new WebSocket(`${lab.apis[0]?.url.replace('http', 'ws')}/v1/responses`, {
    headers: { authorization: `Bearer ${key}` },
  });
}

/** The status with which a connection is answered; 101 when it is let in. */
async function statusOf(key: string): Promise<number | undefined> {
  const socket = open(key);
  socket.on('error', () => undefined);
  return Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(([, answer]: unknown[]) => (answer as IncomingMessage).statusCode),
  ]);
}

async function connect() {
  const socket = open(ALICE);
  const messages: { type: string; error?: { code: string } }[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as (typeof messages)[number]));
  const closed = once(socket, 'close').then(([code]: unknown[]) => code);
  await once(socket, 'open');
  return { socket, messages, closed };
}
const text = (said: string) => ({ type: 'text.delta', step: 1, text: said }) as const;
const create = JSON.stringify({ type: 'response.create', model: 'talaria', input: 'Hello' });

test('an idle connection is told and closed; a response under way is finished first', async () => {
  const [idle, busy] = [await connect(), await connect()];
  busy.socket.send(create);
  const worker = await lab.work(await lab.newRun());
  await worker.say({ type: 'run.started', attempt: 1, worker: 'scripted' }, stepStarted, text('Hi '));
  await until(() => busy.messages.some(({ type }) => type === 'response.output_text.delta'));
  const drained = lab.apis[0]?.drain.begin(20);
  expect(await idle.closed).toBe(1001);
  expect(idle.messages).toMatchObject([{ type: 'error', status: 503, error: { code: 'draining' } }]);
  expect(busy.socket.readyState).toBe(WebSocket.OPEN);
  await worker.say(text('there'), stepCompleted, { type: 'run.completed', finishReason: 'stop' });
  expect(await busy.closed).toBe(1001);
  expect(busy.messages.slice(-2).map(({ type }) => type)).toEqual(['response.completed', 'error']);
  await drained;
});

test('more messages than may wait are refused, and the others are answered one after the other', async () => {
  const { socket, messages } = await connect();
  for (let i = 0; i < 20; i++) socket.send(create);
  await until(() => messages.filter(({ error }) => error?.code === 'rate_limit_exceeded').length === 3);
  const worker = await lab.work(await lab.newRun());
  await worker.answer('one');
  await until(() => messages.filter(({ type }) => type === 'response.created').length === 2);
  expect((await lab.runs()).size).toBe(2);
  socket.terminate();
});

test('what waits on a connection that is gone is not begun', async () => {
  const { socket } = await connect();
  for (let i = 0; i < 14; i++) socket.send(create);
  const runId = await lab.newRun();
  socket.terminate();
  await until(async () => (await lab.log.head(runId))?.ended);
  // Whatever was begun after that run would have been begun before this one ends.
  for (let i = 1; i <= 3; i++) {
    const marker = await lab.chat({ stream: true });
    marker.leave();
    await until(async () => (await lab.log.head(runIdOf(marker)))?.ended);
    expect((await lab.runs()).size).toBe(1 + i);
  }
});

test('large messages behind one in work wait with the client, and are read when it is answered', async () => {
  const { socket, messages } = await connect();
  socket.send(create);
  const worker = await lab.work(await lab.newRun());
  const wire = (socket as unknown as { _socket: Socket })._socket;
  const long = 'x'.repeat(6_000_000);
  for (let i = 0; i < 4; i++) socket.send(long);
  // Another request has its way in and out meanwhile; the kernel holds some MB of the messages.
  (await lab.chat({ stream: true })).leave();
  expect(wire.writableLength).toBeGreaterThan(long.length);
  expect(messages.filter(({ error }) => error)).toEqual([]);
  await worker.answer('one');
  await until(() => messages.filter(({ error }) => error?.code === 'invalid_json').length === 4);
  expect(wire.writableLength).toBe(0);
  socket.terminate();
});

test('a client that does not read is not read from, and costs little', async () => {
  const { socket, closed } = await connect();
  socket.pause();
  const piece = Buffer.alloc(1);
  const wire = (socket as unknown as { _socket: Socket })._socket;
  let sent = 0;
  // Answers of 140 bytes fill what the kernel holds; then the input fills it in the other direction.
  while (wire.writableLength < 100_000 && socket.readyState === WebSocket.OPEN && sent < 2_000_000) {
    for (let i = 0; i < 1_000; i++, sent++) socket.send(piece, { binary: true });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(sent).toBeLessThan(2_000_000);
  socket.terminate();
  await closed;
});

test('a message in parts counts among the bytes of its key, and one too many ends its connection', async () => {
  const others = await Promise.all(Array.from({ length: 4 }, connect));
  for (const { socket } of others) socket.send('x'.repeat(9_900_000), { fin: false });
  const last = await connect();
  last.socket.send('x'.repeat(9_900_000), { fin: false });
  expect(await Promise.race([last, ...others].map(({ closed }) => closed))).toBe(1013);
  const refused = [last, ...others].flatMap(({ messages }) => messages.map(({ error }) => error?.code));
  expect(refused).toContain('rate_limit_exceeded');
  for (const { socket } of others) socket.terminate();
  await until(async () => {
    const answer = await lab.chat({ stream: true, messages: [{ role: 'user', content: 'x'.repeat(3_000_000) }] });
    answer.leave();
    return answer.response.statusCode === 200;
  });
});

test('a refused connection is ended, whether its client ends it or not', async () => {
  const { hostname, port } = new URL(lab.apis[0]?.url ?? '');
  const wire = createConnection({ host: hostname, port: Number(port), allowHalfOpen: true });
  const closed = new Promise((resolve) => wire.once('close', resolve));
  const ended = new Promise((resolve) => wire.once('end', resolve));
  wire.on('error', () => undefined).resume();
  const head = ['GET /v1/responses HTTP/1.1', `host: ${hostname}`, 'upgrade: websocket', 'connection: upgrade'];
  wire.write(`${head.join('\r\n')}\r\n\r\n`);
  await ended;
  // A socket that is gone answers what still comes with a reset.
  const knock = setInterval(() => wire.write('x'), 20);
  await closed.finally(() => clearInterval(knock));
});

test('wrong keys are limited as over HTTP, and the right one still opens', async () => {
  const statuses = new Set<number | undefined>();
  for (let i = 0; i < 70; i++) statuses.add(await statusOf(`wrong-${i}`));
  expect([...statuses]).toEqual([401, 429]);
  expect(await statusOf(ALICE)).toBe(101);
});

test('a key has no more than its share of the connections', async () => {
  const many = (count: number) => Promise.all(Array.from({ length: count }, () => statusOf(ALICE)));
  expect(new Set(await many(API_LIMITS.webSocketsPerKeyMax))).toEqual(new Set([101]));
  expect(await statusOf(ALICE)).toBe(429);
  expect(await statusOf(BOB)).toBe(101);
});
