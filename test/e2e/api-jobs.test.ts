import type { Job } from '#libs/contract';
import { dueAt } from '#libs/jobs';
import { ALICE, BOB, startApiLab, type ApiLab } from '../support/api-lab.js';
import { jobRunOf } from '../support/job.js';
import { startStoreOfJobs, type StoreOfJobs } from '../support/job-lab.js';

/** /api/jobs on two replicas, with the store's rows behind them and no scheduler: what the API itself does. */
let store: StoreOfJobs;
let lab: ApiLab;

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

beforeAll(async () => {
  store = await startStoreOfJobs();
  lab = await startApiLab(2, { STORE_URL: store.url, MAX_JOBS: '40', WEBHOOK_SECRET: SECRET });
});
afterAll(async () => {
  await lab?.close();
  await store?.close();
});

type Body = Record<string, unknown>;
interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Body;
}

async function ask(method: string, path: string, body?: object, more: { key?: string; headers?: object } = {}) {
  const headers = { authorization: `Bearer ${more.key ?? ALICE}`, ...(more.headers as Record<string, string>) };
  const replica = Math.random() < 0.5 ? 0 : 1;
  const { response, whole } = await lab.ask(`/api/jobs${path}`, { method, headers, replica, ...(body && { body }) });
  const answer: Answer = {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: JSON.parse(await whole) as Body,
  };
  return answer;
}

const HOURLY = { name: 'news', schedule: 'every 1h', prompt: 'What is new?' };
const jobIn = ({ body }: Answer): Body & { id: string } => body['job'] as Body & { id: string };
const errorIn = ({ body }: Answer): Body => body['error'] as Body;

async function make(fields: object = {}, key = ALICE): Promise<Body & { id: string }> {
  const answer = await ask('POST', '', { ...HOURLY, ...fields }, { key });
  expect([answer.status, answer.body]).toEqual([201, expect.anything()]);
  return jobIn(answer);
}

afterEach(async () => {
  for (const key of [ALICE, BOB]) {
    const { body } = await ask('GET', '?include_disabled=true', undefined, { key });
    for (const { id } of body['jobs'] as { id: string }[]) await ask('DELETE', `/${id}`, undefined, { key });
  }
});

describe('the record', () => {
  test('has the keys of the reference with their defaults, and ours', async () => {
    const before = Date.now();
    const job = await make();
    const minutes = { kind: 'interval', minutes: 60, display: 'every 1h' };
    const first = new Date(String(job['next_run_at'])).getTime();
    // An hour after it was made; clocks of the database and of the test are the same, times are in whole seconds.
    expect(first).toBeGreaterThanOrEqual(before + 3_600_000 - 1_000);
    expect(first).toBeLessThanOrEqual(Date.now() + 3_600_000 + 1_000);
    expect(job).toEqual({
      ...{ id: expect.stringMatching(/^[0-9a-f]{12}$/), name: 'news', prompt: 'What is new?', skills: [], skill: null },
      ...{ model: null, provider: null, base_url: null, script: null, schedule: minutes, schedule_display: 'every 1h' },
      ...{ max_cost: null, job_max_cost: null },
      ...{ repeat: { times: null, completed: 0 }, enabled: true, state: 'scheduled' },
      ...{ paused_at: null, paused_reason: null, created_at: expect.stringContaining('T') },
      ...{ next_run_at: expect.stringContaining('T'), last_run_at: null, last_status: null, last_error: null },
      ...{ last_run_id: null, last_delivery_error: null, deliver: 'local', enabled_toolsets: null },
      ...{ origin: { platform: 'api_server', chat_id: 'api' }, timezone: 'UTC', tools: null, misfire: 'skip' },
      ...{ overlap: 'skip', retry: { attempts: 0, backoff: 60 }, jitter_seconds: 0, end_at: null },
    });
    expect(jobIn(await ask('GET', `/${job.id}`))).toEqual(job);
  });

  test('keeps every field that can be given', async () => {
    const fields = {
      ...{
        schedule: '0 9 * * MON-FRI',
        timezone: 'Europe/Berlin',
        repeat: 3,
        deliver: 'local,webhook:https://a.test/h',
      },
      ...{ model: 'talaria', tools: ['http_fetch', 'http_fetch'], misfire: 'run_once', overlap: 'queue' },
      ...{ retry: { attempts: 2, backoff: 30 }, jitter_seconds: 20, end_at: '2030-01-31T18:00' },
    };
    const job = await make(fields);
    expect(job).toMatchObject({
      ...{ repeat: { times: 3, completed: 0 }, deliver: fields.deliver, model: 'talaria', tools: ['http_fetch'] },
      ...{ timezone: 'Europe/Berlin', misfire: 'run_once', overlap: 'queue', retry: { attempts: 2, backoff: 30 } },
      ...{ jitter_seconds: 20, end_at: '2030-01-31T17:00:00.000Z', schedule: { kind: 'cron' } },
    });
  });

  test('a one-shot runs once, and late rather than never', async () => {
    expect(await make({ schedule: '30m' })).toMatchObject({
      repeat: { times: 1, completed: 0 },
      misfire: 'run_once',
      schedule: { kind: 'once' },
    });
  });

  test('tells of its last run', async () => {
    const { id } = await make();
    const job = (await store.jobs.view({ id }))?.job as Job;
    const run = jobRunOf(job, {
      ...{ status: 'failed', wakeAt: null, startedAt: 1_000, endedAt: 2_000 },
      error: { code: 'upstream_error', message: 'It broke.' },
      deliveries: [
        { target: 'webhook:https://a.test/h', status: 'failed', attempts: 3, error: 'it answered 500', at: 9 },
      ],
    });
    await store.jobs.claim({ claims: [{ job, dueAt: dueAt(job), run }] });
    expect(jobIn(await ask('GET', `/${id}`))).toMatchObject({
      ...{ last_run_id: run.runId, last_run_at: '1970-01-01T00:00:01.000Z', last_status: 'error' },
      ...{ last_error: 'It broke.', last_delivery_error: 'webhook:https://a.test/h: it answered 500' },
    });
    expect((await ask('GET', `/${id}/runs`)).body['runs']).toMatchObject([
      { run_id: run.runId, status: 'failed', error: { code: 'upstream_error' }, deliveries: [{ attempts: 3 }] },
    ]);
  });
});

describe('what is refused', () => {
  test.each<[string, object, string, string]>([
    ['no name', { name: undefined }, 'name', 'missing_required_parameter'],
    ['a blank name', { name: '  ' }, 'name', 'invalid_request'],
    ['a long name', { name: 'n'.repeat(201) }, 'name', 'invalid_request'],
    ['no schedule', { schedule: undefined }, 'schedule', 'missing_required_parameter'],
    ['a schedule that is none', { schedule: 'whenever' }, 'schedule', 'invalid_schedule'],
    ['a schedule without a pause', { schedule: 'every 0m' }, 'schedule', 'invalid_schedule'],
    ['a schedule that never is', { schedule: '0 9 31 2 *' }, 'schedule', 'invalid_schedule'],
    ['the past', { schedule: '2001-01-01T00:00' }, 'schedule', 'invalid_schedule'],
    ['a number as schedule', { schedule: 5 }, 'schedule', 'invalid_request'],
    ['a long prompt', { prompt: 'p'.repeat(5_001) }, 'prompt', 'invalid_request'],
    ['a true repeat', { repeat: true }, 'repeat', 'invalid_request'],
    ['a repeat of 0', { repeat: 0 }, 'repeat', 'invalid_request'],
    ['skills', { skills: ['a'] }, 'skills', 'unsupported_parameter'],
    ['a zone that is none', { timezone: 'Mars/Base' }, 'timezone', 'invalid_timezone'],
    ['an unknown target', { deliver: 'pigeon:home' }, 'deliver', 'invalid_request'],
    ['a webhook that is no URL', { deliver: 'webhook:nowhere' }, 'deliver', 'invalid_request'],
    ['a list as misfire', { misfire: ['skip'] }, 'misfire', 'invalid_request'],
    ['an unknown overlap', { overlap: 'allow' }, 'overlap', 'invalid_request'],
    ['a text as retry', { retry: 'twice' }, 'retry', 'invalid_request'],
    ['a fraction of attempts', { retry: { attempts: 1.5 } }, 'retry.attempts', 'invalid_request'],
    ['too much jitter', { jitter_seconds: 3_601 }, 'jitter_seconds', 'invalid_request'],
    ['as much jitter as there is time', { jitter_seconds: 3_600 }, 'jitter_seconds', 'invalid_request'],
    ['an end in the past', { end_at: '2001-01-01T00:00' }, 'end_at', 'invalid_request'],
    ['an end before the start', { end_at: 'in 5m' }, 'schedule', 'invalid_schedule'],
    ['a tool that is no name', { tools: ['a b'] }, 'tools[0]', 'invalid_request'],
    ['an unknown model', { model: 'no-such' }, 'model', 'unavailable'],
  ])('%s', async (_, fields, param, code) => {
    const answer = await ask('POST', '', { ...HOURLY, ...fields });
    expect(errorIn(answer)).toMatchObject({ param, code });
    expect(answer.status).toBe(code === 'unavailable' ? 503 : 400);
  });

  test('wrong types in PATCH too; a PATCH without a field it knows', async () => {
    const { id } = await make();
    const refused = async (body: object): Promise<unknown> => errorIn(await ask('PATCH', `/${id}`, body))['param'];
    expect(await refused({ repeat: '3' })).toBe('repeat');
    expect(await refused({ enabled: 'yes' })).toBe('enabled');
    expect(await refused({ name: null })).toBe('name');
    expect(await refused({ schedule: '0 9 31 2 *' })).toBe('schedule');
    const none = await ask('PATCH', `/${id}`, { id: 'abc', owner: 'bob', state: 'completed' });
    expect([none.status, errorIn(none)['code']]).toEqual([400, 'invalid_request']);
  });

  test('more jobs than a key may have', async () => {
    const answers = await Promise.all(Array.from({ length: 43 }, () => ask('POST', '', HOURLY)));
    const counts = answers.map(({ status }) => status).filter((status) => status === 201).length;
    expect(counts).toBe(40);
    expect(errorIn(answers.find(({ status }) => status !== 201) as Answer)['code']).toBe('job_limit_reached');
  });
});

describe('the verbs', () => {
  test('PATCH changes what it names; a new schedule counts from now', async () => {
    const { id } = await make({ repeat: 5, end_at: '2030-01-01T00:00' });
    const patched = jobIn(await ask('PATCH', `/${id}`, { repeat: 3, schedule: '0 9 * * *', name: 'paper' }));
    expect(patched).toMatchObject({
      name: 'paper',
      repeat: { times: 3, completed: 0 },
      schedule: { expr: '0 9 * * *' },
    });
    expect(String(patched['next_run_at'])).toMatch(/T09:00:00/);
    const zoned = jobIn(await ask('PATCH', `/${id}`, { timezone: 'Asia/Kolkata', repeat: null, end_at: null }));
    expect(zoned).toMatchObject({ repeat: { times: null }, end_at: null });
    expect(String(zoned['next_run_at'])).toMatch(/T03:30:00/);
  });

  test('pause keeps a job from firing and from lists; resume counts from now', async () => {
    const { id } = await make();
    const paused = jobIn(await ask('POST', `/${id}/pause`, { reason: 'holidays' }));
    expect(paused).toMatchObject({ state: 'paused', enabled: false, paused_reason: 'holidays', next_run_at: null });
    expect((await ask('GET', '')).body['jobs']).toEqual([]);
    expect((await ask('GET', '?include_disabled=true')).body['jobs']).toMatchObject([{ id }]);
    expect((await ask('GET', `/${id}/next`)).body['next']).toEqual([]);
    const resumed = jobIn(await ask('POST', `/${id}/resume`));
    expect(resumed).toMatchObject({ state: 'scheduled', enabled: true, paused_at: null, paused_reason: null });
    expect(resumed['next_run_at']).not.toBeNull();
  });

  test('enabled in PATCH is pause and resume', async () => {
    const { id } = await make();
    expect(jobIn(await ask('PATCH', `/${id}`, { enabled: false }))).toMatchObject({
      state: 'paused',
      next_run_at: null,
    });
    expect(jobIn(await ask('PATCH', `/${id}`, { enabled: true }))).toMatchObject({ state: 'scheduled', enabled: true });
  });

  test('a one-shot whose time has passed while it was paused cannot be resumed', async () => {
    const { id } = await make({ schedule: '30m' });
    await ask('POST', `/${id}/pause`);
    const { job } = (await store.jobs.view({ id })) as { job: Job };
    await store.jobs.update({ job: { ...job, schedule: { kind: 'once', at: 1 } }, dueAt: null, jobsMax: 9 });
    const answer = await ask('POST', `/${id}/resume`);
    expect([answer.status, errorIn(answer)['code']]).toEqual([409, 'job_over']);
  });

  test('run makes it due now, keeps the schedule, and takes a paused job up again', async () => {
    const { id, next_run_at: planned } = await make();
    await ask('POST', `/${id}/run`);
    const due = await store.jobs.due({ limit: 10 });
    expect(due.jobs.map(({ job }) => job.id)).toEqual([id]);
    expect(new Date(due.jobs[0]?.job.nextRunAt ?? 0).toISOString()).toBe(planned);
    await ask('POST', `/${id}/pause`);
    expect((await store.jobs.due({ limit: 10 })).jobs).toEqual([]);
    expect(jobIn(await ask('POST', `/${id}/run`))).toMatchObject({ state: 'scheduled' });
    expect((await store.jobs.due({ limit: 10 })).jobs).toHaveLength(1);
  });

  test('many changes at once all count', async () => {
    const { id } = await make();
    const changes = [{ name: 'a' }, { prompt: 'b' }, { overlap: 'queue' }, { repeat: 7 }, { jitter_seconds: 5 }];
    const answers = await Promise.all(changes.map((change) => ask('PATCH', `/${id}`, change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const after = { name: 'a', prompt: 'b', overlap: 'queue', repeat: { times: 7 }, jitter_seconds: 5 };
    expect(jobIn(await ask('GET', `/${id}`))).toMatchObject(after);
  });

  test('delete deletes', async () => {
    const { id } = await make();
    expect(await ask('DELETE', `/${id}`)).toMatchObject({ status: 200, body: { ok: true } });
    expect(errorIn(await ask('GET', `/${id}`))['code']).toBe('job_not_found');
  });

  test('next and preview', async () => {
    const { id } = await make({ schedule: '0 9 * * *', repeat: 2 });
    expect((await ask('GET', `/${id}/next?count=5`)).body['next']).toHaveLength(2);
    expect(errorIn(await ask('GET', `/${id}/next?count=0`))['param']).toBe('count');
    const { status, body } = await ask('POST', '/preview', {
      schedule: 'weekdays at 18:30',
      timezone: 'America/New_York',
    });
    expect([status, body['timezone'], body['schedule_display']]).toEqual([200, 'America/New_York', '30 18 * * 1-5']);
    const times = (body['next'] as string[]).map((time) => new Date(time));
    expect(times).toHaveLength(5);
    expect(times.every((time) => [22, 23].includes(time.getUTCHours()))).toBe(true);
    expect(errorIn(await ask('POST', '/preview', { schedule: 'never' }))['code']).toBe('invalid_schedule');
  });

  test('lists come in pages', async () => {
    for (let i = 0; i < 5; i++) await make({ name: `job ${i}` });
    const names: string[] = [];
    for (let after = ''; ;) {
      const { body } = await ask('GET', `?limit=2${after}`);
      names.push(...(body['jobs'] as { name: string }[]).map(({ name }) => name));
      if (body['has_more'] !== true) break;
      after = `&after=${String(body['next'])}`;
    }
    expect(names.sort()).toEqual(['job 0', 'job 1', 'job 2', 'job 3', 'job 4']);
    expect(errorIn(await ask('GET', '?after=nonsense'))['code']).toBe('invalid_cursor');
  });
});

describe('whose it is', () => {
  test('another key gets the answer of a job that never was, on every verb', async () => {
    const { id } = await make();
    const verbs = [
      ['GET', ''],
      ['PATCH', '', { name: 'mine' }],
      ['DELETE', ''],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['POST', '/run'],
      ['GET', '/runs'],
      ['GET', '/next'],
    ] as const;
    for (const [method, path, body] of verbs) {
      const theirs = await ask(method, `/${id}${path}`, body, { key: BOB });
      const nobodys = await ask(method, `/0123456789ab${path}`, body, { key: BOB });
      expect([method, path, theirs.status, theirs.body]).toEqual([method, path, 404, nobodys.body]);
    }
    expect((await ask('GET', '', undefined, { key: BOB })).body['jobs']).toEqual([]);
    expect(jobIn(await ask('GET', `/${id}`))).toMatchObject({ name: 'news', state: 'scheduled' });
    expect((await ask('GET', '/..%2f..%2fhealth')).status).toBe(404);
  });
});

describe('Idempotency-Key', () => {
  test('the same key and body is the same job, on any replica and at the same time', async () => {
    const headers = { 'idempotency-key': 'k-1' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('POST', '', HOURLY, { headers })));
    expect(new Set(answers.map((answer) => jobIn(answer).id)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers['idempotency-replayed'] === 'true')).toHaveLength(7);
    const other = await ask('POST', '', { ...HOURLY, name: 'other' }, { headers });
    expect([other.status, errorIn(other)['code']]).toEqual([409, 'idempotency_key_conflict']);
    const bobs = await ask('POST', '', HOURLY, { headers, key: BOB });
    expect(jobIn(bobs).id).not.toBe(jobIn(answers[0] as Answer).id);
  });
});

test('while the store is away, the answer is 503 and not a lie', async () => {
  const away = await startApiLab(1, { STORE_URL: 'http://127.0.0.1:1' });
  try {
    const { response, whole } = await away.ask('/api/jobs');
    expect([response.statusCode, JSON.parse(await whole)]).toMatchObject([503, { error: { code: 'unavailable' } }]);
  } finally {
    await away.close();
  }
});
