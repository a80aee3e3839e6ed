import { connectRedis, redisChatDesk, type RedisConnection } from '#libs/bus';
import { ALICE, BOB, startApiLab, type ApiLab } from '../support/api-lab.js';
import { startHttpServer, type TestHttpServer } from '../support/http-server.js';
import { startStoreOfJobs, type StoreOfJobs } from '../support/job-lab.js';

/** What /api/jobs tells: fields that it does not read, the run of a job by hand, a test of its targets. */
let store: StoreOfJobs;
let hook: TestHttpServer;
let lab: ApiLab;
let redis: RedisConnection;
const heard: string[] = [];

beforeAll(async () => {
  store = await startStoreOfJobs();
  hook = await startHttpServer((request, response) => {
    request.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
    request.on('end', () => response.writeHead(heard.length > 1 ? 410 : 204).end());
  });
  lab = await startApiLab(1, {
    STORE_URL: store.url,
    WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
    WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
  });
  redis = connectRedis({ url: lab.redis.url, prefix: 'talaria', role: 'worker' });
});
afterAll(async () => {
  redis?.close();
  await lab?.close();
  await hook?.close();
  await store?.close();
});

type Body = Record<string, unknown>;
async function ask(method: string, path: string, body?: object, key = ALICE): Promise<{ status: number; body: Body }> {
  const headers = { authorization: `Bearer ${key}` };
  const { response, whole } = await lab.ask(path, { method, headers, ...(body && { body }) });
  return { status: response.statusCode ?? 0, body: JSON.parse(await whole) as Body };
}
const JOB = { name: 'report', schedule: 'every 1h', prompt: 'What is new?' };
async function make(more: object = {}): Promise<{ id: string; body: Body }> {
  const { status, body } = await ask('POST', '/api/jobs', { ...JOB, ...more });
  expect([status, body]).toEqual([201, expect.anything()]);
  return { id: (body['job'] as { id: string }).id, body };
}

test.each([
  ['POST', { ...JOB, tz: 'Europe/Berlin' }, 'tz', "'tz' is not a field of this request; did you mean 'timezone'?"],
  ['POST', { ...JOB, cron: '0 9 * * *' }, 'cron', "'cron' is not a field of this request."],
  ['PATCH', { promt: 'x' }, 'promt', "'promt' is not a field of this request; did you mean 'prompt'?"],
])('%s refuses a field that it does not know: %j', async (method, body, param, message) => {
  const { id } = await make();
  const answer = await ask(method, method === 'POST' ? '/api/jobs' : `/api/jobs/${id}`, body);
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request', param } } });
  expect((answer.body['error'] as Body)['message']).toBe(message);
});

test('a record that is sent back as it came is taken, and what the gateway does not read of it is told', async () => {
  const { id, body } = await make();
  expect(body).not.toHaveProperty('warnings');
  const back = await ask('PATCH', `/api/jobs/${id}`, { name: 'again', provider: null, enabled_toolsets: ['x'] });
  expect(back.status).toBe(200);
  expect(back.body['warnings']).toEqual([
    "'provider' is not read here and was ignored.",
    "'enabled_toolsets' is not read here and was ignored.",
  ]);
});

test('a run without a schedule is told by the id that it will have', async () => {
  const { id } = await make();
  const first = await ask('POST', `/api/jobs/${id}/run`);
  expect(first.body['run_id']).toMatch(/^run_[0-9a-f]{32}$/);
  expect((await ask('POST', `/api/jobs/${id}/run`)).body['run_id']).toBe(first.body['run_id']);
});

test('lists and deletions answer as every own route does, and as the reference', async () => {
  const { id } = await make();
  const { body } = await ask('GET', '/api/jobs?limit=1');
  expect(body).toMatchObject({ object: 'list', has_more: true });
  expect(body['data']).toEqual(body['jobs']);
  expect(await ask('DELETE', `/api/jobs/${id}`)).toEqual({
    status: 200,
    body: { object: 'job', id, deleted: true, ok: true },
  });
  expect(await ask('GET', `/api/jobs/${id}`)).toMatchObject({
    status: 404,
    body: { error: { code: 'job_not_found', param: 'id', message: 'There is no job with this id.' } },
  });
});

test('targets are tried at once with a signed sample, and what came of it is told', async () => {
  const { id } = await make({ deliver: `local,webhook:http://127.0.0.1:${hook.port}/hook` });
  const target = `webhook:http://127.0.0.1:${hook.port}/hook`;
  const good = await ask('POST', `/api/jobs/${id}/test-delivery`);
  expect(good.body['data']).toEqual([
    { target: 'local', status: 'delivered', error: null },
    { target, status: 'delivered', error: null },
  ]);
  expect(JSON.parse(heard[0] ?? '')).toMatchObject({ type: 'job.run.completed', data: { job_id: id } });
  const gone = await ask('POST', `/api/jobs/${id}/test-delivery`);
  expect(gone.body['data']).toMatchObject([
    { status: 'delivered' },
    { target, status: 'failed', error: 'it answered 410' },
  ]);
  expect((await ask('POST', `/api/jobs/${id}/test-delivery`, undefined, BOB)).status).toBe(404);
});

test('a run that is started with a field nobody reads is started, and told', async () => {
  const { status, body } = await ask('POST', '/v1/runs', { input: 'Hello', modle: 'x' });
  expect(status).toBe(202);
  expect(body['warnings']).toEqual(["'modle' is not read here and was ignored; did you mean 'model'?"]);
});

describe('actions that take nothing', () => {
  test.each(['run', 'resume', 'pause', 'test-delivery'])(
    '%s refuses a field by name and does nothing',
    async (action) => {
      const { id } = await make();
      const before = (await ask('GET', `/api/jobs/${id}`)).body;
      const answer = await ask('POST', `/api/jobs/${id}/${action}`, { at: 'noon' });
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request', param: 'at' } } });
      expect((await ask('GET', `/api/jobs/${id}`)).body).toEqual(before);
      expect((await ask('POST', `/api/jobs/${id}/${action}`, {})).status).toBe(200);
    },
  );

  test.each(['run', 'resume', 'pause', 'test-delivery'])('%s refuses a body that is no object', async (action) => {
    const { id } = await make();
    expect((await ask('POST', `/api/jobs/${id}/${action}`, [1])).status).toBe(400);
  });
});

describe('a platform of chats', () => {
  const deliver = 'discord:222222222222222222';

  test('that no messenger has ever looked after is refused, when a job is made and when it is changed', async () => {
    const { id } = await make();
    for (const answer of [
      await ask('POST', '/api/jobs', { ...JOB, deliver: `local,${deliver}` }),
      await ask('PATCH', `/api/jobs/${id}`, { deliver }),
    ]) {
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request', param: 'deliver' } } });
      expect((answer.body['error'] as Body)['message']).toContain('has no bot for discord');
    }
  });

  test('whose messenger is away is taken, and a test says so at once and posts nothing later', async () => {
    const desk = redisChatDesk(redis);
    await desk.serve(['discord']);
    const { id } = await make({ deliver });
    await redis.redis.del(redis.keys.chatServed('discord'));
    expect((await ask('POST', `/api/jobs/${id}/test-delivery`)).body['data']).toEqual([
      { target: deliver, status: 'failed', error: expect.stringContaining('no messenger with a bot for discord') },
    ]);
    expect(await desk.entries(deliver, 9)).toEqual([]);
    await redis.redis.del(redis.keys.chatKnown('discord'));
    // The bot was taken away for good: what the job has stays, what it gets anew is checked.
    expect((await ask('PATCH', `/api/jobs/${id}`, { name: 'other', deliver })).status).toBe(200);
    expect((await ask('PATCH', `/api/jobs/${id}`, { deliver: 'discord:333333333333333333' })).status).toBe(400);
  });
});
