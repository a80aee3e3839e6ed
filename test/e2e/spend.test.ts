import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { runsClient, type RunsClient } from '../support/runs-client.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/**
 * Bounds of the cost on real processes. One token of an answer costs one unit, the input nothing; each answer of the
 * upstream has 8 tokens, and up to 300 are reserved for it.
 */
const ANSWER = 8;
const RESERVED = 300;
let upstream: FakeUpstream;
let stack: Stack;
let runs: RunsClient;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const models = [
    ['priced', 'ok:n=8'],
    ['cut', 'length'],
    ['slow', 'ok:n=8,first=1500'],
  ].map(
    ([name, model]) => `{ name: ${name}, upstream: fake, model: '${model}', price_output: 1000000, price_input: 0,
      output_tokens: ${RESERVED} }`,
  );
  const settings = `upstreams: [{ name: fake, provider: openai, base_url: '${upstream.url}/v1' }]
models:
  - ${models.join('\n  - ')}
  - { name: free, upstream: fake, model: 'ok:n=2' }
`;
  const env = { TOOLS: 'current_time' };
  stack = await startStack({ apis: 1, workers: 2, scheduler: true, env, settings });
  runs = runsClient(stack);
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

const start = (body: object): Promise<string> => runs.start({ model: 'priced', input: 'Go.', ...body });
const messages = [{ role: 'user', content: 'Go.' }];

test('a run that cannot be paid for is told by an event and ends as incomplete, and no model was asked', async () => {
  const asked = upstream.requests.length;
  const runId = await start({ max_cost: 3 });
  const limit = { limit: 'max_cost', max_cost: 3, cost: 0 };
  expect(await runs.reach(runId, 'incomplete')).toMatchObject({
    reason: 'max_cost',
    max_cost: 3,
    limit_reached: limit,
  });
  const events = await runs.events(runId);
  expect(events.slice(-2)).toMatchObject([
    { event: 'run.limit_reached', ...limit },
    { event: 'run.incomplete', reason: 'max_cost' },
  ]);
  expect(upstream.requests.length).toBe(asked);
});

test('an answer is bounded to what can be paid for, and one that the bound cuts off ends with its own reason', async () => {
  const runId = await start({ model: 'cut', max_cost: 260 });
  expect(await runs.reach(runId, 'incomplete')).toMatchObject({ reason: 'max_cost' });
  const body = upstream.requests.at(-1)?.body as Record<string, unknown>;
  expect(body['max_tokens'] ?? body['max_completion_tokens']).toBe(260);
});

test('every protocol takes the header and says it in its own way', async () => {
  const headers = { 'x-max-cost': '0.5', 'anthropic-version': '2023-06-01' };
  const chat = await runs.post('/v1/chat/completions', { model: 'priced', messages }, 0, headers);
  expect(chat.body).toMatchObject({ choices: [{ finish_reason: 'length' }] });
  const responses = await runs.post('/v1/responses', { model: 'priced', input: 'Go.' }, 0, headers);
  expect(responses.body).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  const claude = await runs.post('/v1/messages', { model: 'priced', max_tokens: 100, messages }, 0, headers);
  expect(claude.body).toMatchObject({ stop_reason: 'max_tokens' });
  const view = (await runs.get(`/v1/runs/${chat.headers.get('x-run-id')}`)).body;
  expect(view).toMatchObject({ status: 'incomplete', reason: 'max_cost', max_cost: 0.5 });
});

test.each([
  [{ max_cost: -1 }, 'max_cost'],
  [{ max_cost: '1' }, 'max_cost'],
  [{ session_max_cost: 1e9, session_id: 's' }, 'session_max_cost'],
  [{ max_cost: 1, model: 'free' }, 'max_cost'],
])('a bound that cannot hold is refused: %j', async (fields, param) => {
  const { status, body } = await runs.post('/v1/runs', { model: 'priced', input: 'Go.', ...fields });
  expect([status, body['error']]).toMatchObject([400, { param }]);
});

test('a wrong header, and a job whose model has no price, are refused with their name', async () => {
  const wrong = await runs.post('/v1/runs', { model: 'priced', input: 'Go.' }, 0, { 'x-max-cost': '1e3' });
  expect([wrong.status, wrong.body['error']]).toMatchObject([400, { param: 'X-Max-Cost' }]);
  const job = { name: 'j', schedule: 'every 1h', prompt: 'Go.', model: 'free', job_max_cost: 1 };
  const refused = await runs.post('/api/jobs', job);
  expect([refused.status, refused.body['error']]).toMatchObject([400, { param: 'job_max_cost' }]);
  const made = await runs.post('/api/jobs', { ...job, model: 'priced', max_cost: 2 });
  expect(made.body).toMatchObject({ job: { max_cost: 2, job_max_cost: 1 } });
});

test('the runs of a session count together, and no more is granted than it has', async () => {
  const body = { model: 'slow', session_id: 'parallel', session_max_cost: 2 * RESERVED + 10 };
  const ids = [await start(body), await start(body)];
  for (const runId of ids) await runs.reach(runId, 'completed');
  const last = await start({ ...body, session_max_cost: 2 * ANSWER + 3 });
  expect(await runs.reach(last, 'incomplete')).toMatchObject({
    limit_reached: { limit: 'session_max_cost', max_cost: 19, cost: 0 },
  });
});

test('the reservation of a worker that was killed counts once, and is gone when its run has ended', async () => {
  const body = { model: 'slow', session_id: 'killed', session_max_cost: RESERVED + ANSWER };
  const asked = upstream.requests.length;
  const runId = await start(body);
  await until(async () => upstream.requests.length > asked);
  await Promise.all(stack.workers.map((worker: Service) => worker.kill('SIGKILL')));
  await Promise.all([stack.start('worker'), stack.start('worker')]);
  expect(await runs.reach(runId, 'completed', 90_000)).toMatchObject({ output: expect.stringContaining('word7') });
  // Exactly the whole reservation fits once more: the first run counts with its answer alone.
  const second = await start(body);
  expect(await runs.reach(second, 'completed', 60_000)).toMatchObject({ usage: { output_tokens: ANSWER } });
  const asks = upstream.requests.slice(-1)[0]?.body as Record<string, unknown>;
  // Money makes no answer shorter: nothing of the first run is reserved any more.
  expect(asks['max_tokens'] ?? asks['max_completion_tokens']).toBeUndefined();
});
