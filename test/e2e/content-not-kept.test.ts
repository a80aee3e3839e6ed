import { connectRedis, redisIdempotency } from '#libs/bus';
import { newRunId } from '#libs/runs';
import { idempotencyClaim } from '../../apps/api/src/runs/admitting/idempotency-key.js';
import { startApiLab, type ApiLab } from '../support/api-lab.js';
import { startFakeStore, type FakeStore } from '../support/fake-store.js';
import { runSnapshot } from '../support/run-snapshot.js';

/** What the API says of runs of which the store kept the end and the usage alone, in every protocol. */
let lab: ApiLab;
let store: FakeStore;

beforeAll(async () => {
  store = await startFakeStore();
  lab = await startApiLab(1, { STORE_URL: store.url });
});
afterAll(async () => {
  await lab.close();
  await store.close();
});

/** The row of such a run, with the key that its repetition is asked with. */
async function bareRun(route: string, body: object): Promise<{ runId: string; headers: Record<string, string> }> {
  const runId = newRunId();
  const headers = { 'idempotency-key': runId };
  const claim = idempotencyClaim({ owner: 'alice', route, headers, body });
  if (!claim) throw new Error('no claim');
  const connection = connectRedis({ url: lab.redis.url, prefix: 'talaria', role: 'worker' });
  await redisIdempotency(connection).reserve(claim.scope, claim.fingerprint, runId);
  connection.close();
  const ended = { status: 'completed', items: [], echo: {}, contentKept: false } as const;
  store.runs.set(runId, runSnapshot({ runId, owner: 'alice', ...ended, endedAt: 2_000 }));
  return { runId, headers };
}

const messages = [{ role: 'user', content: 'Hello' }];
const model = 'talaria';
const plain = { error: { code: 'run_expired', message: expect.stringContaining('not kept') as unknown } };
const anthropic = { type: 'error', error: { message: expect.stringContaining('not kept') as unknown } };

test.each([
  ['/v1/chat/completions', { model, messages }, plain],
  ['/v1/chat/completions', { model, messages, stream: true }, plain],
  ['/v1/responses', { model, input: 'Hello', store: false }, plain],
  ['/v1/responses', { model, input: 'Hello', store: false, stream: true }, plain],
  ['/v1/responses', { model, input: 'Hello', background: true }, plain],
  ['/v1/responses/compact', { model, input: 'Hello' }, plain],
  ['/v1/messages', { model, messages, max_tokens: 9 }, anthropic],
  ['/v1/messages', { model, messages, max_tokens: 9, stream: true }, anthropic],
  ['/v1/runs', { model, input: 'Hello' }, plain],
])('a repetition of %s %j is 410 in the shape of its protocol', async (route, body, shape) => {
  const { headers } = await bareRun(route, body);
  const answer = await lab.ask(route, { method: 'POST', headers, body });
  expect(JSON.parse(await answer.whole)).toMatchObject(shape);
  expect(answer.response.statusCode).toBe(410);
});

test('the run itself and its events are 410, alone and among others', async () => {
  const { runId } = await bareRun('/v1/runs', {});
  for (const path of [`/v1/runs/${runId}`, `/v1/runs/${runId}/events`, `/v1/runs/events?run=${runId}:0`]) {
    const answer = await lab.ask(path);
    expect(JSON.parse(await answer.whole)).toMatchObject(plain);
    expect(answer.response.statusCode).toBe(410);
  }
  const many = await lab.ask(`/v1/runs/events?run=${runId}:0`);
  expect(JSON.parse(await many.whole)).toMatchObject({ error: { param: runId } });
  const head = await lab.ask(`/v1/runs/${runId}/events`, { method: 'HEAD' });
  expect(head.response.statusCode).toBe(410);
  // Stopping it tells how it ended, which is known.
  const stopped = await lab.ask(`/v1/runs/${runId}/stop`, { method: 'POST' });
  expect(JSON.parse(await stopped.whole)).toMatchObject({ status: 'completed' });
  const response = await lab.ask(`/v1/responses/${runId.replace('run_', 'resp_')}`);
  expect(response.response.statusCode).toBe(404);
});
