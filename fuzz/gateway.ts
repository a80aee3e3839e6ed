import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servicesBelow } from '../bench/processes.js';
import type { Keys } from './craft.js';

/** The whole gateway as `npm start` runs it, with a model server of ours behind it. */
export interface Gateway {
  readonly port: number;
  readonly url: string;
  readonly keys: Keys;
  /** Process ids by service. */
  services(): Map<string, number>;
  isAlive(): boolean;
  stop(): Promise<void>;
}

const READY_MS_MAX = 90_000;
const KEYS: Keys = { api: 'fuzz-key-0b7f3a9d52c4', admin: 'fuzz-admin-91d0c6e2a7', metrics: 'fuzz-metrics-5e8a34f1b' };

export async function startGateway(): Promise<Gateway> {
  const data = mkdtempSync(join(tmpdir(), 'talaria-fuzz-'));
  const [port, upstreamPort] = [await freePort(), await freePort()];
  const here = import.meta.dirname;
  const start = (script: string, env: Record<string, string>): ChildProcess =>
    spawn(process.execPath, [join(here, script)], {
      env: { PATH: process.env['PATH'] ?? '', HOME: data, LOG_LEVEL: 'warn', ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  const upstream = start('../bench/upstream.js', { PORT: String(upstreamPort) });
  const launcher = start('../apps/launcher/src/main.js', {
    TALARIA_DATA: data,
    TALARIA_CONFIG: '',
    API_SERVER_PORT: String(port),
    API_SERVER_KEY: KEYS.api,
    ADMIN_TOKEN: KEYS.admin,
    METRICS_TOKEN: KEYS.metrics,
    OPENAI_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1`,
    // Three tokens without a pause: what gets through costs little.
    OPENAI_MODEL: 'bench-3-0',
  });
  const url = `http://127.0.0.1:${port}`;
  const services = (): Map<string, number> => servicesBelow(launcher.pid ?? 0);
  const stop = async (): Promise<void> => {
    await Promise.all([launcher, upstream].map(end));
    rmSync(data, { recursive: true, force: true });
  };
  await answers(`${url}/health/ready`).catch(async (cause: unknown) => {
    await stop();
    throw cause;
  });
  const first = new Map(services());
  // The launcher starts a service that died again; another pid is a crash.
  const isAlive = (): boolean => [...services()].every(([name, pid]) => first.get(name) === pid);
  return { port, url, keys: KEYS, services, isAlive, stop };
}

async function answers(url: string): Promise<void> {
  const deadline = Date.now() + READY_MS_MAX;
  for (;;) {
    const ok = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    if (Date.now() > deadline) throw new Error(`${url} did not answer`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
