import type { LoggedEvent } from '#libs/contract';
import { checkLog } from '../support/event-grammar.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { runsClient, type RunsClient } from '../support/runs-client.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { readLogAt } from '../support/read-log.js';
import { until } from '../support/until.js';

/** What parked runs cost, and what they survive: the real services, with four places for runs in all. */
const RULES = 'approvals: { rules: [{ tool: "current_time", policy: always }] }';
let upstream: FakeUpstream;
let stack: Stack;
let apis: readonly Service[];
let runs: RunsClient;
const SLOTS_PER_WORKER = 4;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const env = {
    OPENAI_BASE_URL: `${upstream.url}/v1`,
    MODELS_UNKNOWN: 'passthrough',
    TOOLS: 'current_time',
    WORKER_CONCURRENCY: String(SLOTS_PER_WORKER),
  };
  stack = await startStack({ apis: 2, workers: 2, scheduler: true, env, settings: RULES });
  apis = stack.apis;
  runs = runsClient({ apis: () => apis });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

const park = (): Promise<string> => runs.start({ model: 'tools', input: 'What time is it?' });

/** So many short runs, all at once. */
async function flow(count: number): Promise<void> {
  const quick = async (_: unknown, i: number): Promise<void> => {
    const body = { model: 'ok:n=5,gap=20', messages: [{ role: 'user', content: 'Go.' }] };
    const { status } = await runs.post('/v1/chat/completions', body, i % 2);
    expect(status).toBe(200);
  };
  await Promise.all(Array.from({ length: count }, quick));
}

const logOf = (runId: string): Promise<LoggedEvent[]> => readLogAt(stack.redis.url, runId);

let parked: readonly string[] = [];

test('a hundred parked runs hold none of the eight places: other runs flow', async () => {
  await flow(20);
  parked = await Promise.all(Array.from({ length: 100 }, park));
  await until(
    async () => {
      const { body } = await runs.get('/v1/runs?status=waiting_for_approval&limit=100');
      return (body['data'] as unknown[]).length === 100;
    },
    { ms: 60_000, what: 'a hundred runs to be parked' },
  );
  await flow(60);
  await flow(60);
});

test('capabilities name what there is, and every endpoint of runs and lists that they name answers', async () => {
  const { body } = await runs.get('/v1/capabilities');
  expect(body).toMatchObject({
    object: 'hermes.api_server.capabilities',
    auth: { type: 'bearer', required: false },
    features: { run_approval: true, run_steer: true, idempotency: { supported: true, retention_seconds: 86_400 } },
  });
  const endpoints = Object.values(body['endpoints'] as Record<string, { method: string; path: string }>);
  // That the others are routes is looked at in api-edges; their ids are nobody's here.
  for (const { method, path } of endpoints.filter(({ path }) => !/\{(?!run_id)/.test(path))) {
    const url = `${apis[0]?.url}${path.replace('{run_id}', parked[0] ?? '')}`;
    const answer = await fetch(url, { method: method === 'POST' ? 'OPTIONS' : 'HEAD' });
    expect([path, answer.status === 404 && method !== 'POST']).toEqual([path, false]);
  }
});

test('lists page through live and stored runs alike, each once', async () => {
  await until(async () => {
    const { body } = await runs.get('/v1/runs?status=completed&limit=100');
    return (body['data'] as unknown[]).length === 100;
  });
  const seen: string[] = [];
  let after = '';
  for (;;) {
    const { body } = await runs.get(`/v1/runs?limit=37${after}`, seen.length % 2);
    seen.push(...(body['data'] as { run_id: string }[]).map(({ run_id }) => run_id));
    if (body['has_more'] !== true) break;
    after = `&after=${String(body['next'])}`;
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length).toBe(100 + 20 + 2 * 60);
  for (const runId of parked) expect(seen).toContain(runId);
  expect((await runs.get('/v1/runs?status=odd')).status).toBe(400);
  expect((await runs.get('/v1/runs?after=odd')).body).toMatchObject({ error: { code: 'invalid_cursor' } });
});

test('an answer counts after every process was killed, Redis too, and the run goes on', async () => {
  const [first = '', second = '', third = ''] = parked;
  const request = (await runs.view(first)).approval?.request_id ?? '';
  // Recorded, and everything dies before or after the job was woken.
  const others = (await runs.view(second)).approval?.request_id ?? '';
  await runs.approve(second, { choice: 'once', request_id: others });
  const services = [...stack.apis, ...stack.workers, stack.store, stack.scheduler as Service];
  await Promise.all(services.map((service) => service.kill('SIGKILL')));
  await stack.redis.restart();
  const asked = upstream.requests.length;
  apis = await Promise.all([stack.start('api'), stack.start('api')]);
  await stack.start('store');
  expect(await runs.view(first)).toMatchObject({ status: 'waiting_for_approval' });
  const answered = await runs.approve(first, { choice: 'once', request_id: request });
  expect(answered.status).toBe(200);
  await Promise.all([stack.start('worker'), stack.start('scheduler')]);
  const done = await runs.reach(first, 'completed', 60_000);
  expect(done.output).toContain('word0');
  expect(upstream.requests.length).toBeGreaterThan(asked);
  await runs.reach(second, 'completed', 60_000);
  for (const runId of [first, second]) {
    const log = await logOf(runId);
    expect(checkLog(log)).toEqual([]);
    expect(log.filter(({ type }) => type === 'tool.started')).toHaveLength(1);
  }
  expect(await runs.view(third)).toMatchObject({ status: 'waiting_for_approval' });
  const stopped = await runs.post(`/v1/runs/${third}/stop`, {}, 1);
  expect(stopped.body['status']).toBe('cancelled');
}, 240_000);
