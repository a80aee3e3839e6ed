import { ALICE, BOB, runIdOf, startApiLab, type ApiLab } from '../support/api-lab.js';
import { until } from '../support/until.js';

/** What callers and operators see of a gateway whose workers have died, and of one whose upstream is away. */
let lab: ApiLab;

beforeAll(async () => {
  lab = await startApiLab(1, {
    NO_WORKER_SECONDS: '4',
  });
});
afterAll(() => lab?.close());

const worker = {
  id: 'w1',
  version: 'test',
  capacity: 4,
  models: [{ name: 'listed', upstream: 'here' }],
  tools: ['todo', 'fs__read'],
  unknownModels: 'reject',
  defaultModel: 'talaria',
} as const;
const tool = { description: 'Does it.', approval: 'never', everywhere: true, toolsets: [] } as const;

test('whoever waits for an answer gets an error in bounded time, and the run ends with the wait', async () => {
  const whole = lab.chat();
  const stream = await lab.chat({ stream: true });
  expect(stream.response.statusCode).toBe(200);
  const answer = await whole;
  expect(answer.response.statusCode).toBe(503);
  expect(answer.response.headers['retry-after']).toBe('5');
  expect(JSON.parse(await answer.whole)).toMatchObject({ error: { code: 'unavailable' } });
  expect(await stream.whole).toContain('"code":"unavailable"');
  await until(async () => (await lab.snapshot(runIdOf(stream))).status === 'cancelled');
});

test('then new ones are refused at once without a run, and background runs are taken', async () => {
  const known = await lab.runs();
  expect((await lab.chat()).response.statusCode).toBe(503);
  expect(await lab.runs()).toEqual(known);
  const run = await lab.ask('/v1/runs', { method: 'POST', body: { input: 'Hello' } });
  expect(run.response.statusCode).toBe(202);
  const health = await lab.ask('/health');
  expect(JSON.parse(await health.whole)).toMatchObject({ status: 'degraded', workers: 0 });
});

test('a model of an upstream that is away is not unknown: the reason is said, to operators as well', async () => {
  const error = {
    code: 'upstream_unreachable',
    message: "Upstream 'far' (http://far:1/v1) cannot be reached.",
  } as const;
  const far = { name: 'far', address: 'http://far:1/v1', models: 0, error };
  const fs = { name: 'fs', status: 'away', tools: 0, error: 'spawn nosuch ENOENT' } as const;
  await lab.registry.announce({ ...worker, models: [], upstreams: [far], mcpServers: [fs] });
  const asked = await until(async () => {
    const answer = await lab.chat({ model: 'llama' });
    return answer.response.statusCode === 502 ? answer : undefined;
  });
  expect(JSON.parse(await asked.whole)).toMatchObject({
    error: { code: 'upstream_unreachable', message: `The model "llama" is not known. ${error.message}` },
  });
  const detailed = await lab.ask('/health/detailed');
  expect(JSON.parse(await detailed.whole)).toMatchObject({
    status: 'degraded',
    upstreams: [{ name: 'far', status: 'down', address: 'http://far:1/v1', models: 0, error }],
    mcp_servers: [{ name: 'fs', status: 'away', tools: 0, error: 'spawn nosuch ENOENT' }],
  });
  const here = { name: 'here', address: 'http://here:1/v1', models: 1 };
  await lab.registry.announce({ ...worker, upstreams: [far, here] });
  expect((await lab.chat({ model: 'llama' })).response.statusCode).toBe(404);
});

test('the tools of a key are listed with where they come from and whether they ask', async () => {
  const toolInfos = [
    { ...tool, name: 'todo', toolsets: ['plain'] },
    { ...tool, name: 'fs__read', mcpServer: 'fs', approval: 'by_arguments', everywhere: false },
  ] as const;
  await lab.registry.announce({ ...worker, toolInfos });
  const list = await until(async () => {
    const answer = await lab.ask('/v1/tools', { headers: { authorization: `Bearer ${ALICE}` } });
    const { data } = JSON.parse(await answer.whole) as { data: object[] };
    return data.length > 0 ? data : undefined;
  });
  expect(list).toEqual([
    {
      object: 'tool',
      name: 'todo',
      description: 'Does it.',
      source: 'built_in',
      mcp_server: null,
      approval: 'never',
      toolsets: ['plain'],
    },
  ]);
  expect((await lab.ask('/v1/tools', { headers: { authorization: 'Bearer wrong' } })).response.statusCode).toBe(401);
  expect(
    (await lab.ask('/v1/tools', { method: 'POST', body: {}, headers: { authorization: `Bearer ${BOB}` } })).response
      .statusCode,
  ).toBe(405);
});
