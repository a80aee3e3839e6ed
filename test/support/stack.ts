import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { putEmptyDatabase } from './pglite.js';
import { freePort } from './ports.js';
import { inherited } from './processes.js';
import { projectRoot } from './project-root.js';
import { startRedis, type TestRedis } from './redis.js';
import { until } from './until.js';

const DIST = join(projectRoot(), 'dist/apps');

export type ServiceName = 'api' | 'worker' | 'scheduler' | 'store' | 'messenger';

export interface Service {
  readonly name: ServiceName;
  readonly url: string;
  readonly pid: number;
  /** Everything it printed so far. */
  output(): string;
  hasExited(): boolean;
  /** Sends a signal and waits until the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface Stack {
  readonly redis: TestRedis;
  readonly apis: readonly Service[];
  readonly workers: readonly Service[];
  readonly store: Service;
  readonly scheduler: Service | undefined;
  /** One more service with the same settings, ready to serve; `API_SERVER_PORT` puts an API where another one was. */
  start(name: ServiceName, env?: Record<string, string>): Promise<Service>;
  /** Where its `settings` stand, whether there are some or not. */
  readonly settingsFile: string;
  stop(): Promise<void>;
}

export interface StackOptions {
  readonly apis?: number;
  readonly workers?: number;
  readonly scheduler?: boolean;
  readonly env?: Record<string, string>;
  /** The text of the settings file that all services share. */
  readonly settings?: string;
  /** Stands in REDIS_URL; the server asks for none. */
  readonly redisPassword?: string;
}

/** The real services of dist/ as separate processes on free ports, with a private Redis and an embedded database. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { apis = 1, workers = 1, scheduler = false, env = {}, settings, redisPassword } = options;
  const data = await mkdtemp(join(tmpdir(), 'talaria-stack-'));
  const settingsFile = join(data, 'talaria.yaml');
  if (settings !== undefined) await writeFile(settingsFile, settings);
  const redis = await startRedis();
  if (env['DATABASE_URL'] === undefined) await putEmptyDatabase(join(data, 'pglite'));
  const storePort = await freePort();
  const every = {
    ...inherited(),
    REDIS_URL: redisPassword === undefined ? redis.url : redis.url.replace('//', `//:${redisPassword}@`),
    TALARIA_DATA: data,
    TALARIA_CONFIG: settings === undefined ? '' : settingsFile,
    STORE_PORT: String(storePort),
    STORE_URL: `http://127.0.0.1:${storePort}`,
    DRAIN_SECONDS: '2',
    DRAIN_DELAY_SECONDS: '0',
    LOG_LEVEL: 'warn',
    // On a busy machine a worker that was killed may take longer to come back than callers would wait.
    NO_WORKER_SECONDS: '0',
    ...env,
  };
  const services: Service[] = [];
  const start = async (name: ServiceName, more: Record<string, string> = {}): Promise<Service> => {
    const port = name === 'store' ? storePort : Number(more['API_SERVER_PORT'] ?? (await freePort()));
    const service = launch(name, port, { ...every, ...portVariable(name, port), ...more });
    services.push(service);
    return untilReady(service);
  };
  const many = (name: ServiceName, count: number): Promise<Service[]> =>
    Promise.all(Array.from({ length: count }, () => start(name)));

  const stop = async (): Promise<void> => {
    await Promise.all(services.map((service) => service.kill('SIGKILL')));
    await redis.stop();
    await rm(data, { recursive: true, force: true });
  };
  const [[store], workerServices, apiServices, [schedulerService]] = await Promise.all([
    many('store', 1),
    many('worker', workers),
    many('api', apis),
    many('scheduler', scheduler ? 1 : 0),
  ]).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    redis,
    apis: apiServices,
    workers: workerServices,
    store: store as Service,
    scheduler: schedulerService,
    start,
    settingsFile,
    stop,
  };
}

function portVariable(name: ServiceName, port: number): Record<string, string> {
  switch (name) {
    case 'api':
      return { API_SERVER_PORT: String(port) };
    case 'worker':
      return { WORKER_HEALTH_PORT: String(port) };
    case 'scheduler':
      return { SCHEDULER_HEALTH_PORT: String(port) };
    case 'store':
      return { STORE_PORT: String(port) };
    case 'messenger':
      return { MESSENGER_PORT: String(port) };
  }
}

/** One service of dist/ with this environment and no other; `port` is where its environment makes it listen. */
export function launch(name: ServiceName, port: number, env: Record<string, string>): Service {
  const child: ChildProcess = spawn(process.execPath, [join(DIST, name, 'src/main.js')], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    output: () => output,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    async kill(signal = 'SIGKILL') {
      if (!this.hasExited()) child.kill(signal);
      await gone;
    },
  };
}

/** Rejects, with what it printed, when a service does not become ready. */
export async function untilReady(service: Service): Promise<Service> {
  // Once is enough: under load a later look may find a neighbour slow.
  let isUp = false;
  const settled = async (): Promise<boolean> => (isUp ||= await isReady(service.url)) || service.hasExited();
  await until(settled, { what: `${service.name} to be ready`, ms: 120_000 }).catch(() => undefined);
  if (isUp) return service;
  throw new Error(`${service.name} did not become ready\n${service.output()}`);
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).ok;
  } catch {
    return false;
  }
}
