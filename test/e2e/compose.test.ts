import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { filledIn, readCompose } from '../support/compose.js';
import { freePort } from '../support/ports.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { inherited } from '../support/processes.js';
import { launch, untilReady, type Service, type ServiceName } from '../support/stack.js';
import { until } from '../support/until.js';

/**
 * docker-compose.yml without an engine: its four services as processes with the environments that stand there and
 * nothing else, and Redis by its command. Only what containers would give is put in: other hosts and ports, folders,
 * the test's Postgres.
 */
const SECRETS = {
  API_SERVER_KEY: 'api-0123456789abcdef',
  STORE_TOKEN: 'store-0123456789abcdef',
  POSTGRES_PASSWORD: 'postgres-0123456789',
  REDIS_PASSWORD: 'redis-0123456789abcdef',
};
const headers = { authorization: `Bearer ${SECRETS.API_SERVER_KEY}`, 'content-type': 'application/json' };
const NAMES = ['store', 'worker', 'scheduler', 'api'] as const satisfies readonly ServiceName[];
const PORTS = { store: '8645', worker: '8643', scheduler: '8644', api: '8642', redis: '6379' };

const { services } = readCompose();
let folder: string;
let postgres: TestPostgres;
let redis: ChildProcess;
let redisPort: number;
let started: Service[];
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'talaria-compose-'));
  postgres = await startPostgres();
  const database = (await postgres.createDatabase()).split('/').at(-1) ?? '';
  const ports = new Map<string, number>();
  for (const [name, port] of Object.entries(PORTS)) ports.set(port, name === 'redis' ? 0 : await freePort());
  redisPort = await freePort();
  ports.set(PORTS.redis, redisPort);
  redis = startRedis();
  const here = (text: string): string => {
    const value = filledIn(text, SECRETS).replace('postgres:5432/talaria', `127.0.0.1:${postgres.port}/${database}`);
    const host = value.replace(/\b(redis|store)(?=:\d+$)/, '127.0.0.1').replace(/^0\.0\.0\.0$/, '127.0.0.1');
    return host.replace(/(?<=^|:)\d{4}$/, (port) => String(ports.get(port) ?? port));
  };
  started = NAMES.map((name) => {
    const given = Object.entries(services[name]?.environment ?? {}).map(([key, text]) => [key, here(text)] as const);
    // The image says where data lies.
    const env = { ...inherited(), TALARIA_DATA: folder, ...Object.fromEntries(given) };
    return launch(name, ports.get(PORTS[name]) ?? 0, env);
  });
  await Promise.all(started.map(untilReady));
  url = started.find(({ name }) => name === 'api')?.url ?? '';
});
afterAll(async () => {
  await Promise.all((started ?? []).map((service) => service.kill('SIGKILL')));
  const gone = redis && once(redis, 'exit');
  redis?.kill('SIGKILL');
  await gone;
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

function startRedis(): ChildProcess {
  const { command = [], environment = {} } = services['redis'] ?? {};
  const [program = '', ...args] = command.map((part) =>
    filledIn(part, SECRETS).replace(
      'redis-server -',
      `redis-server - --port ${redisPort} --bind 127.0.0.1 --dir ${folder}`,
    ),
  );
  const password = filledIn(environment['REDISCLI_AUTH'] ?? '', SECRETS);
  return spawn(program, args, { env: { ...inherited(), REDISCLI_AUTH: password }, stdio: 'ignore' });
}

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

async function withRedis<T>(password: string | undefined, work: (client: Redis) => Promise<T>): Promise<T> {
  const settings = { port: redisPort, host: '127.0.0.1', ...(password !== undefined && { password }) };
  const single = {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    protocol: 2,
  } as const;
  const client = new Redis({ ...settings, ...single });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.disconnect();
  }
}

test('a job fires, and its result is read', async () => {
  const { job } = await ask<{ job: { id: string } }>('POST', '/api/jobs', {
    name: 'hello',
    schedule: '0 9 * * *',
    prompt: 'Say hello.',
  });
  await ask('POST', `/api/jobs/${job.id}/run`, {});
  const run = await until(
    async () => {
      const { runs } = await ask<{ runs: { status: string; output: string }[] }>('GET', `/api/jobs/${job.id}/runs`);
      return runs.find(({ status }) => status === 'completed');
    },
    { what: 'the run of the job', ms: 10_000 },
  );
  expect(run.output).not.toBe('');
});

test('a response is continued after its log has expired', async () => {
  const first = await ask<{ id: string }>('POST', '/v1/responses', { input: 'One' });
  const isThere = await withRedis(SECRETS.REDIS_PASSWORD, (client) =>
    until(async () => {
      const keys = await client.keys(`*${first.id.replace('resp_', '')}*`);
      const ttls = await Promise.all(keys.map((key) => client.pttl(key)));
      // The store has the row: from now on the log may expire.
      if (!ttls.some((ms) => ms > 0 && ms <= 3_600_000)) return undefined;
      await client.del(...keys);
      return true;
    }),
  );
  expect(isThere).toBe(true);
  const second = await ask<{ status: string }>('POST', '/v1/responses', {
    input: 'Two',
    previous_response_id: first.id,
  });
  expect(second).toMatchObject({ status: 'completed', previous_response_id: first.id });
});

test('Redis takes its password and nothing else', async () => {
  await expect(withRedis(undefined, (client) => client.get('x'))).rejects.toThrow('NOAUTH');
  const size = await withRedis(SECRETS.REDIS_PASSWORD, (client) => client.config('GET', 'maxmemory'));
  expect(size).toEqual(['maxmemory', '1073741824']);
});
