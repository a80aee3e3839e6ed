import { runIdOf, startApiLab, type ApiLab } from '../../../support/api-lab.js';
import { stepStarted } from '../../../support/scripted-worker.js';
import { until } from '../../../support/until.js';

/** What becomes of runs whose callers waited in vain for a worker, and come back. */
let lab: ApiLab;
beforeAll(async () => {
  lab = await startApiLab(1, { NO_WORKER_SECONDS: '1', MAX_IN_FLIGHT_PER_KEY: '1' });
});
afterAll(() => lab?.close());

/** A worker comes, and the API has noticed. */
async function workerComes(): Promise<void> {
  await lab.registry.announce({
    id: 'w1',
    version: 'test',
    capacity: 4,
    models: [{ name: 'talaria', upstream: 'u' }],
    tools: [],
    unknownModels: 'reject',
    defaultModel: 'talaria',
  });
  await until(async () => (await (await lab.ask('/health')).whole).includes('"status":"ok"'));
}

test('a run with an Idempotency-Key outlives the wait for it, and a repetition gets its answer', async () => {
  await workerComes();
  const headers = { 'idempotency-key': 'once', 'x-on-disconnect': 'cancel' };
  const known = await lab.runs();
  const asking = lab.chat({}, { headers });
  const runId = await lab.newRun(known);
  await lab.registry.leave('w1');
  const told = await asking;
  expect([told.response.statusCode, told.response.headers['retry-after']]).toEqual([503, '5']);
  // It is told a second time while there is still nobody.
  const late = await lab.chat({}, { headers });
  expect([late.response.statusCode, runIdOf(late)]).toEqual([503, runId]);
  expect((await lab.snapshot(runId)).status).toBe('queued');
  await workerComes();
  const again = lab.chat({}, { headers });
  const worker = await lab.work(runId);
  await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted);
  await worker.say(
    { type: 'text.delta', step: 1, text: 'Here it is.' },
    { type: 'run.completed', finishReason: 'stop' },
  );
  const answer = await again;
  expect([answer.response.statusCode, runIdOf(answer)]).toEqual([200, runId]);
  expect(await answer.whole).toContain('Here it is.');
});

test('who comes back to a chat takes no place of those that wait, and is told that nobody answers', async () => {
  await workerComes();
  const messages = [{ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hi' }] }];
  const first = await lab.ask('/v1/ui/chat', { method: 'POST', body: { id: 'chat-1', messages } });
  expect(first.response.statusCode).toBe(200);
  const again = await lab.ask('/v1/ui/chat/chat-1/stream');
  expect([again.response.statusCode, runIdOf(again)]).toEqual([200, runIdOf(first)]);
  await lab.registry.leave('w1');
  expect(await again.whole).toContain('No worker is alive');
  expect((await lab.snapshot(runIdOf(first))).status).toBe('queued');
});

test('a compaction waits no longer for a worker than other requests do', async () => {
  await workerComes();
  const known = await lab.runs();
  const body = { model: 'talaria', input: 'Hi' };
  const asking = lab.ask('/v1/responses/compact', { method: 'POST', body });
  const runId = await lab.newRun(known);
  await lab.registry.leave('w1');
  expect((await asking).response.statusCode).toBe(503);
  expect((await lab.snapshot(runId)).status).toBe('cancelled');
  const opened = await lab.runs();
  expect((await lab.ask('/v1/responses/compact', { method: 'POST', body })).response.statusCode).toBe(503);
  expect(await lab.runs()).toEqual(opened);
});
