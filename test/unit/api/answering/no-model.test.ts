import { startApiLab, type ApiLab } from '../../../support/api-lab.js';
import { until } from '../../../support/until.js';

let lab: ApiLab;

beforeAll(async () => {
  lab = await startApiLab(1, { NO_WORKER_SECONDS: '3600' });
});
afterAll(() => lab?.close());

const worker = { id: 'w1', version: 'test', tools: [], unknownModels: 'reject', defaultModel: 'talaria' } as const;
const error = { code: 'upstream_auth_failed', message: "Upstream 'far' did not accept the API key." } as const;

test('the first chat of a start whose only upstream has failed gets the reason at once', async () => {
  const first = lab.chat();
  await lab.registry.announce({ ...worker, capacity: 0, models: [], upstreams: [{ name: 'far', models: 0, error }] });
  const answer = await first;
  expect(answer.response.statusCode).toBe(502);
  expect(JSON.parse(await answer.whole)).toMatchObject({
    error: { code: error.code, message: `No worker has a model to answer with. ${error.message}` },
  });
  const known = await lab.runs();
  expect((await lab.chat()).response.statusCode).toBe(502);
  expect(await lab.runs()).toEqual(known);
});

test('an upstream that has come meanwhile is used by later requests', async () => {
  const models = [{ name: 'listed', upstream: 'far' }];
  await lab.registry.announce({ ...worker, capacity: 4, models, upstreams: [{ name: 'far', models: 1 }] });
  const taken = await until(async () => {
    const answer = await lab.chat({ stream: true });
    return answer.response.statusCode === 200 ? answer : undefined;
  });
  taken.leave();
});
