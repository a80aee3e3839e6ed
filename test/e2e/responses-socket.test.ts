import { once } from 'node:events';
import { WebSocket } from 'ws';
import { ALICE, runIdOf, startApiLab, type ApiLab } from '../support/api-lab.js';
import { stepCompleted, stepStarted } from '../support/scripted-worker.js';
import { until } from '../support/until.js';

/** What a WebSocket lives through while its server stops; the worker is played by hand. */
let lab: ApiLab;
beforeEach(async () => {
  lab = await startApiLab(1, { MODELS_UNKNOWN: 'passthrough' });
});
afterEach(() => lab?.close());

async function connect() {
  const socket = new WebSocket(`${lab.apis[0]?.url.replace('http', 'ws')}/v1/responses`, {
    headers: { authorization: `Bearer ${ALICE}` },
  });
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
