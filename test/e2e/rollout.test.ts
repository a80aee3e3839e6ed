import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasNginx, startNginx } from '../support/nginx.js';
import { freePort } from '../support/ports.js';
import { launch, startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** New settings and new builds reach a deployment service by service; nobody who asks meanwhile may notice. */
const SETTINGS = `
upstreams: [{ name: d, provider: demo }]
models: [{ name: old, upstream: d, model: demo }]
`;
const WITH_NEW = `
upstreams: [{ name: d, provider: demo }]
models: [{ name: old, upstream: d, model: demo }, { name: new, upstream: d, model: demo }]
`;

const portOf = ({ url }: Service): number => Number(new URL(url).port);

interface Tally {
  whole: number;
  readonly failed: string[];
}

/** One streamed chat; whole when it ends as the protocol ends. */
async function chat(url: string, model: string, tally: Tally): Promise<void> {
  try {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'hello' }] }),
    });
    const text = await answer.text();
    if (answer.status === 200 && text.includes('data: [DONE]') && !text.includes('"error"')) tally.whole++;
    else tally.failed.push(`${answer.status} ${text.slice(-200)}`);
  } catch (cause) {
    tally.failed.push(String(cause));
  }
}

describe('workers with different models', () => {
  let stack: Stack;
  let dir: string;
  let newcomer: Service | undefined;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'talaria-rollout-'));
    await writeFile(join(dir, 'new.yaml'), WITH_NEW);
    stack = await startStack({ workers: 2, settings: SETTINGS });
  }, 600_000);
  afterAll(async () => {
    await stack?.stop();
    await rm(dir, { recursive: true, force: true });
  });
  const api = (): string => stack.apis[0]?.url ?? '';

  test('a new model on one of three workers serves all who ask for it', async () => {
    newcomer = await stack.start('worker', { TALARIA_CONFIG: join(dir, 'new.yaml') });
    await until(async () => (await (await fetch(`${api()}/v1/models`)).text()).includes('"new"'), { ms: 60_000 });
    const tally: Tally = { whole: 0, failed: [] };
    const client = async (): Promise<void> => {
      for (let i = 0; i < 15; i++) await chat(api(), i % 3 === 0 ? 'old' : 'new', tally);
    };
    await Promise.all(Array.from({ length: 20 }, client));
    expect([tally.whole, tally.failed]).toEqual([300, []]);
  }, 600_000);

  test('a worker whose upstream cannot be asked is alive, not ready, and takes nothing', async () => {
    const port = await freePort();
    const env = {
      PATH: process.env['PATH'] ?? '',
      REDIS_URL: stack.redis.url,
      WORKER_HEALTH_PORT: String(port),
      OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
      TALARIA_DATA: dir,
      LOG_LEVEL: 'silent',
    };
    const worker = launch('worker', port, env);
    const status = (path: string): Promise<number> =>
      fetch(`${worker.url}/health/${path}`).then(
        (answer) => answer.status,
        () => 0,
      );
    await until(async () => (await status('live')) === 200, { ms: 60_000 });
    const ready = await fetch(`${worker.url}/health/ready`);
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('No model is known')]);
    expect(await status('startup')).toBe(200);
    const tally: Tally = { whole: 0, failed: [] };
    await Promise.all(Array.from({ length: 60 }, () => chat(api(), 'old', tally)));
    expect([tally.whole, tally.failed]).toEqual([60, []]);
    await worker.kill('SIGTERM');
  }, 600_000);

  test('without any worker, runs of what was served are queued and served by the next one', async () => {
    const all = newcomer ? [...stack.workers, newcomer] : stack.workers;
    await Promise.all(all.map((worker) => worker.kill('SIGTERM')));
    const tally: Tally = { whole: 0, failed: [] };
    const asked = chat(api(), 'old', tally);
    await stack.start('worker');
    await asked;
    expect(tally).toEqual({ whole: 1, failed: [] });
  }, 600_000);
});

test('a worker that starts while Redis is away answers its probes', async () => {
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'] ?? '',
    REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    WORKER_HEALTH_PORT: String(port),
    TALARIA_DATA: tmpdir(),
  };
  const worker = launch('worker', port, env);
  await until(
    () =>
      fetch(`${worker.url}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      ),
    { what: 'the port', ms: 60_000 },
  );
  const ready = await fetch(`${worker.url}/health/ready`, { signal: AbortSignal.timeout(30_000) });
  expect(ready.status).toBe(503);
  await worker.kill('SIGTERM');
  expect(worker.hasExited()).toBe(true);
}, 600_000);

(hasNginx ? describe : describe.skip)('behind nginx as it comes', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ apis: 2, workers: 2, scheduler: true, env: { DRAIN_SECONDS: '10', TOOLS: '' } });
  }, 600_000);
  afterAll(() => stack?.stop());

  test('a rolling restart of everything refuses nobody and cuts no stream', async () => {
    const nginx = await startNginx(stack.apis.map(portOf));
    const tally: Tally = { whole: 0, failed: [] };
    let isRolling = true;
    const client = async (): Promise<void> => {
      while (isRolling) await chat(nginx.url, 'talaria', tally);
    };
    const clients = Promise.all(Array.from({ length: 20 }, client));
    await until(() => tally.whole > 40);
    for (const api of stack.apis) {
      await api.kill('SIGTERM');
      await stack.start('api', { API_SERVER_PORT: String(portOf(api)) });
      // nginx passes over a replica for ten seconds that it could not reach.
      await sleep(11_000);
    }
    for (const worker of stack.workers) {
      await stack.start('worker');
      await worker.kill('SIGTERM');
    }
    await stack.start('scheduler');
    await stack.scheduler?.kill('SIGTERM');
    const before = tally.whole;
    await until(() => tally.whole > before + 40);
    isRolling = false;
    await clients;
    expect(tally.failed).toEqual([]);
    expect(tally.whole).toBeGreaterThan(100);
    await nginx.stop();
  }, 900_000);
});
