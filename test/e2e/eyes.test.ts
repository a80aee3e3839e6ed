import { request as httpRequest } from 'node:http';
import { Redis } from 'ioredis';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** What people who run the gateway see, and that it shows them neither secrets nor what was said. */
const SECRETS = {
  key: 'canary-key-7f3a9d52c4e1',
  admin: 'canary-admin-91d0c6e2a7',
  metrics: 'canary-metrics-5e8a34f',
  store: 'canary-store-c2d94b8e07',
  redis: 'canary-redis-0a6b1f93',
  upstream: 'canary-upstream-3c8f7d',
  wrong: 'canary-wrong-key-6d5e4f',
  cookie: 'canary-cookie-a1b2c3d4',
};
const SAID = ['prompt', 'system', 'output', 'tool', 'metadata', 'path', 'query', 'header', 'broken'].map(
  (what) => `canary-said-${what}`,
);

let upstream: FakeUpstream;
let stack: Stack;
let services: readonly Service[];
let api: Service;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const delta = (content: string): object => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  upstream.scripts.set('said', [delta('canary-said-output'), end, 'data: [DONE]\n\n']);
  stack = await startStack({
    scheduler: true,
    redisPassword: SECRETS.redis,
    env: {
      API_KEYS: `ann:${SECRETS.key}`,
      ADMIN_TOKEN: SECRETS.admin,
      METRICS_TOKEN: SECRETS.metrics,
      STORE_TOKEN: SECRETS.store,
      OPENAI_API_KEY: SECRETS.upstream,
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      AGENT_SYSTEM_PROMPT: 'canary-said-system',
      MODELS_UNKNOWN: 'passthrough',
      UPSTREAM_RETRIES: '0',
      LOG_LEVEL: 'trace',
    },
  });
  services = [...stack.apis, ...stack.workers, stack.store, ...(stack.scheduler ? [stack.scheduler] : [])];
  api = stack.apis[0] as Service;
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${api.url}${path}`, { headers });

async function chat(model: string, more: object = {}): Promise<{ status: number; text: string; runId: string }> {
  const answer = await fetch(`${api.url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      ...bearer(SECRETS.key),
      'content-type': 'application/json',
      cookie: `id=${SECRETS.cookie}`,
      'x-note': 'canary-said-header',
    },
    body: JSON.stringify({
      model,
      stream: true,
      messages: [{ role: 'user', content: 'canary-said-prompt' }],
      metadata: { note: 'canary-said-metadata' },
      ...more,
    }),
  });
  return { status: answer.status, text: await answer.text(), runId: answer.headers.get('x-run-id') ?? '' };
}

async function scrape(service: Service): Promise<string> {
  const answer = await fetch(`${service.url}/metrics`, { headers: bearer(SECRETS.metrics) });
  expect(answer.status).toBe(200);
  return answer.text();
}

/** The sum of a metric's series whose labels contain all of these texts. */
async function value(service: Service, name: string, ...labels: string[]): Promise<number> {
  const rows = (await scrape(service)).split('\n').filter((row) => new RegExp(`^${name}[ {]`).test(row));
  const mine = rows.filter((row) => labels.every((label) => row.includes(label)));
  return mine.reduce((sum, row) => sum + Number(row.slice(row.lastIndexOf(' ') + 1)), 0);
}

const logLines = (service: Service): Record<string, unknown>[] =>
  service
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A page can make a browser ask any port of its machine, by a name of its own and without asking that server first. */
test('no service lets a page in: not by another name, not from another origin, not with a form', async () => {
  for (const service of services) {
    const { hostname, port } = new URL(service.url);
    const ask = (given: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = { ...bearer(SECRETS.metrics), ...given };
        const request = httpRequest({ hostname, port, path: '/metrics', headers });
        request.on('response', (answer) => resolve(answer.resume().statusCode ?? 0)).on('error', reject);
        request.end();
      });
    expect([service.name, await ask({})]).toEqual([service.name, 200]);
    expect([service.name, await ask({ host: `evil.example:${port}` })]).toEqual([service.name, 403]);
    expect([service.name, await ask({ origin: 'https://evil.example' })]).toEqual([service.name, 403]);
  }
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const posted = await fetch(`${stack.store.url}/internal/jobs/remove`, { method: 'POST', headers, body: 'id=1' });
  expect(posted.status).toBe(415);
});

describe('metrics', () => {
  test('every service asks for the metrics token, and takes no other', async () => {
    for (const service of services) {
      for (const token of [SECRETS.key, SECRETS.admin, SECRETS.store, '']) {
        const answer = await fetch(`${service.url}/metrics`, { headers: bearer(token) });
        expect([service.name, token, answer.status]).toEqual([service.name, token, 401]);
      }
      expect(await scrape(service)).toContain(`talaria_build_info{service="${service.name}"`);
    }
  });

  test('a run leaves its mark in each of them', async () => {
    const { status, text } = await chat('script:name=said');
    expect(status).toBe(200);
    expect(text).toContain('canary-said-output');
    const [worker] = stack.workers as [Service];
    const scheduler = stack.scheduler as Service;
    await until(async () => (await value(api, 'talaria_api_requests_total', 'completions', 'status="200"')) === 1);
    expect(await value(api, 'talaria_api_first_token_seconds_count')).toBe(1);
    expect(await value(api, 'talaria_api_relay_lag_seconds_count')).toBeGreaterThan(0);
    expect(await value(api, 'talaria_api_workers_alive')).toBe(1);
    expect(await value(worker, 'talaria_worker_runs_total', 'outcome="completed"')).toBe(1);
    expect(await value(worker, 'talaria_worker_appends_total', 'outcome="ok"')).toBeGreaterThan(0);
    expect(await value(worker, 'talaria_worker_flush_events_sum')).toBeGreaterThan(3);
    expect(await value(worker, 'talaria_worker_upstream_first_event_seconds_count', 'upstream="openai"')).toBe(1);
    await until(async () => (await value(stack.store, 'talaria_store_rows_total')) === 1);
    expect(await value(stack.store, 'talaria_store_persist_lag_seconds_count')).toBe(1);
    await until(async () => (await value(scheduler, 'talaria_runs_unconfirmed')) === 0);
    expect(await scrape(scheduler)).toMatch(/talaria_queue_jobs\{queue="runs",state="waiting"\} 0/);
  });

  test('what clients say makes no new series', async () => {
    const series = async (): Promise<number> => (await scrape(api)).split('\n').length;
    await Promise.all([get('/v1/models/none', bearer(SECRETS.key)), get('/none'), chat('ok:n=1')]);
    const before = await until(series);
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        get(`/v1/models/canary-said-path-${i}?q=canary-said-query`, bearer(SECRETS.key)),
      ),
    );
    await Promise.all(Array.from({ length: 20 }, (_, i) => get(`/none-${i}`)));
    await Promise.all(Array.from({ length: 10 }, (_, i) => chat(`ok:n=1,x=${i}`)));
    expect(await series()).toBeLessThanOrEqual(before + 5);
  });
});

describe('reports', () => {
  interface Report {
    readonly status: string;
    readonly redis: { status: string; latency_ms: number };
    readonly store: { status: string };
    readonly queues: Record<string, { waiting: number; oldest_wait_seconds: number }>;
    readonly workers: { alive: boolean; capacity: number; active: number; models: string[] }[];
  }

  test('/health/detailed tells a key what is whole, and strangers nothing', async () => {
    expect((await get('/health/detailed')).status).toBe(401);
    const answer = await get('/health/detailed', bearer(SECRETS.key));
    expect(answer.status).toBe(200);
    const report = (await answer.json()) as Report;
    expect(report).toMatchObject({ status: 'ok', draining: false, store: { status: 'up' }, redis: { status: 'up' } });
    expect(report.queues).toMatchObject({ runs: { waiting: 0, oldest_wait_seconds: 0 }, persist: { status: 'up' } });
    expect(report.workers).toEqual([
      expect.objectContaining({ alive: true, capacity: 512, active: expect.any(Number) as number }),
    ]);
    expect(report.workers[0]?.models).toContain('talaria');
  });

  test("/internal/stats is the admin token's alone", async () => {
    expect((await get('/internal/stats', bearer(SECRETS.key))).status).toBe(401);
    expect((await get('/internal/stats', bearer(SECRETS.admin))).status).toBe(200);
  });
});

describe('the queue dashboard', () => {
  const basic = { authorization: `Basic ${Buffer.from(`me:${SECRETS.admin}`).toString('base64')}` };

  test.each([
    '/admin/queues',
    '/%61dmin/queues',
    '/admin/queues/api/queues',
    '/admin/queues/queue/runs',
    '/admin/queues/static/js/x.js',
  ])('%s is closed to strangers and to keys', async (path) => {
    const stranger = await get(path);
    expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Basic /),
    ]);
    expect((await get(path, bearer(SECRETS.key))).status).toBe(401);
  });

  test('shows the queues to the admin, under a policy that its page can live with', async () => {
    const page = await get('/admin/queues', basic);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="(static\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file ?? '');
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) expect([file, (await get(`/admin/queues/${file}`, basic)).status]).toEqual([file, 200]);
    // Only data may stand in the page itself: no script of its own, no handler.
    expect(html).not.toMatch(/<script(?![^>]*(src=|application\/json))|\son\w+=/);
    const { queues } = (await (await get('/admin/queues/api/queues', basic)).json()) as {
      queues: { name: string; readOnlyMode: boolean }[];
    };
    expect(queues.map(({ name, readOnlyMode }) => [name, readOnlyMode])).toEqual([
      ['runs', true],
      ['persist', true],
      ['ticks', true],
    ]);
  });

  test('changes nothing by default', async () => {
    for (const path of ['runs/pause', 'runs/clean/completed', 'runs/empty', 'persist/obliterate']) {
      const answer = await fetch(`${api.url}/admin/queues/api/queues/${path}`, { method: 'PUT', headers: basic });
      expect([path, answer.status]).toEqual([path, 403]);
    }
  });

  test('does not exist without an admin token, and neither do metrics without a token of theirs', async () => {
    const bare = await stack.start('api', { ADMIN_TOKEN: '', METRICS_TOKEN: '' });
    for (const path of ['/admin/queues', '/admin/queues/api/queues', '/internal/stats', '/metrics']) {
      const answer = await fetch(`${bare.url}${path}`, { headers: bearer(SECRETS.key) });
      expect([path, answer.status]).toEqual([path, 404]);
    }
    await bare.kill('SIGTERM');
  });
});

test('logs name request, run and key', async () => {
  const { runId } = await chat('ok:n=2');
  const line = await until(() => logLines(api).find((row) => row['msg'] === 'request' && row['runId'] === runId));
  expect(line).toMatchObject({ keyName: 'ann', method: 'POST', route: '/v1/chat/completions', status: 200 });
  expect(line['requestId']).toMatch(/^req_/);
  const [worker] = stack.workers as [Service];
  const run = await until(() => logLines(worker).find((row) => row['msg'] === 'run' && row['runId'] === runId));
  expect(run).toMatchObject({ keyName: 'ann', attempt: 1, outcome: 'completed' });
});

test('no secret and nothing that was said gets into logs, metrics, jobs, reports or the dashboard, whatever goes wrong', async () => {
  const redis = new Redis(stack.redis.url);
  await chat('refused');
  await chat('auth');
  await chat('badjson:count=50');
  await chat('tools', { tools: [{ type: 'function', function: { name: 'canary-said-tool' } }] });
  await get('/v1/models', { ...bearer(SECRETS.wrong), 'x-request-id': 'canary-said-header\u0080' }).catch(
    () => undefined,
  );
  await get('/v1/models/canary-said-path?x=canary-said-query', bearer(SECRETS.key));
  const broken = {
    method: 'POST',
    headers: { ...bearer(SECRETS.key), 'content-type': 'application/json' },
    body: '{"a": canary-said-broken',
  };
  expect((await fetch(`${api.url}/v1/chat/completions`, broken)).status).toBe(400);
  // Redis refuses writes: its client hangs the whole command, events and all, on the error.
  await redis.config('SET', 'maxmemory', '1');
  const full = await chat('ok:n=3');
  expect([429, 503]).toContain(full.status);
  await redis.config('SET', 'maxmemory', '0');
  const [worker] = stack.workers as [Service];
  await until(async () => (await chat('ok:n=1')).status === 200, { what: 'runs to be taken again' });
  const running = chat('ok:n=40,gap=50');
  await until(async () => (await value(worker, 'talaria_worker_active_runs')) === 1);
  await redis.config('SET', 'maxmemory', '1');
  await until(async () => (await value(worker, 'talaria_worker_appends_total', 'outcome="failed"')) > 0);
  await redis.config('SET', 'maxmemory', '0');
  expect((await running).text).toContain('[DONE]');
  await stack.redis.restart(300);
  await until(async () => (await get('/health/ready')).ok);

  const places = new Map<string, string>();
  for (const service of services) {
    places.set(`log of ${service.name}`, service.output());
    places.set(`metrics of ${service.name}`, await scrape(service));
  }
  places.set('jobs', await jobsIn(new Redis(stack.redis.url)));
  places.set('report', await (await get('/health/detailed', bearer(SECRETS.key))).text());
  const dashboard = await get(
    '/admin/queues/api/queues?activeQueue=runs&status=latest&jobsPerPage=100',
    bearer(SECRETS.admin),
  );
  places.set('dashboard', await dashboard.text());
  redis.disconnect();
  expect(places.get('dashboard')).toContain('run_');
  for (const [place, text] of places) {
    expect([place, text.length > 100]).toEqual([place, true]);
    for (const canary of [...Object.values(SECRETS), ...SAID])
      expect([place, canary, text.includes(canary)]).toEqual([place, canary, false]);
  }
});

/** Every key of BullMQ with what is in it. */
async function jobsIn(redis: Redis): Promise<string> {
  const parts: string[] = [];
  for (const key of await redis.keys('{talaria}:*')) {
    const type = await redis.type(key);
    const content =
      type === 'hash' ? await redis.hgetall(key) : type === 'stream' ? await redis.xrange(key, '-', '+') : '';
    parts.push(`${key} ${JSON.stringify(content)}`);
  }
  redis.disconnect();
  return parts.join('\n');
}
