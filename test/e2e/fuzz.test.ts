import { readRoutes } from '../../fuzz/routes.js';
import { Random } from '../../fuzz/random.js';
import { fuzz } from '../../fuzz/run.js';
import { fuzzShapes } from '../../fuzz/shapes.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { testSeed } from '../support/property.js';
import { startStack, type Stack } from '../support/stack.js';

/** The short form of `npm run fuzz`: malformed requests for every group of routes the server documents. */
const REQUESTS_PER_GROUP = 300;
const KEYS = { api: 'fuzz-key-0b7f3a9d52c4', admin: 'fuzz-admin-91d0c6e2a7', metrics: 'fuzz-metrics-5e8a34f1b' };

let upstream: FakeUpstream;
let stack: Stack;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  stack = await startStack({
    env: {
      API_SERVER_KEY: KEYS.api,
      ADMIN_TOKEN: KEYS.admin,
      METRICS_TOKEN: KEYS.metrics,
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      OPENAI_MODEL: 'ok:n=2',
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

test('no malformed request gets a 5xx, a broken answer or silence, and nothing dies', async () => {
  const [api] = stack.apis;
  const url = api?.url ?? '';
  const services = [...stack.apis, ...stack.workers, stack.store];
  const isAlive = (): boolean => services.every((service) => !service.hasExited());
  const groups = await readRoutes(url);
  expect([...groups.keys()]).toEqual(expect.arrayContaining(['pages', 'chat', 'runs', 'models', 'health']));
  const seed = testSeed();
  for (const [group, operations] of groups) {
    const port = Number(new URL(url).port);
    const result = await fuzz({ port, keys: KEYS, operations, requests: REQUESTS_PER_GROUP, seed, isAlive });
    expect({ group, seed, findings: result.findings }).toEqual({ group, seed, findings: [] });
    expect(result.requests).toBe(REQUESTS_PER_GROUP);
  }
  expect(isAlive()).toBe(true);
  // What was refused was refused for a reason of its own: some got through, so the mutations reach the inside.
  expect(upstream.requests.length).toBeGreaterThan(0);
  expect(services.map((service) => service.output()).join('')).not.toMatch(/"level":(50|60)|Unhandled|uncaught/i);
});

test('bodies that stop, sockets that are never read and keys of deleted runs fail nobody', async () => {
  const port = Number(new URL(stack.apis[0]?.url ?? '').port);
  const random = new Random(testSeed());
  for (const [shape, { findings, statuses }] of await fuzzShapes({ port, keys: KEYS, random, rounds: 3 })) {
    expect({ shape, findings }).toEqual({ shape, findings: [] });
    expect(statuses.size).toBeGreaterThan(0);
  }
});
