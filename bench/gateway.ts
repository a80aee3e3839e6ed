import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelOf } from './clock.js';
import { FIVE_UPSTREAMS, ONE_UPSTREAM, TOKENS } from './scenarios.js';

/** A whole gateway as `npm start` starts it: its own processes, private Redis and embedded database. */
export interface Gateway {
  readonly url: string;
  readonly launcherPid: number;
  /** Ends its processes, and removes its data. */
  stop(): Promise<void>;
}

const READY_MS_MAX = 60_000;
/** Every run must find a free slot: the scenarios measure the relay, not the admission limits. */
const ROOM = { WORKER_CONCURRENCY: '1024', MAX_IN_FLIGHT: '4096', MAX_QUEUED: '20000' };

/**
 * Starts a gateway and waits until it serves.
 * @param dist the folder of its compiled sources, `dist` of this or of another checkout
 * @param upstreamUrl the model server, without `/v1`
 * @param hasPool with a model behind five upstreams, which older commits do not know
 */
export async function startGateway(dist: string, upstreamUrl: string, hasPool = false): Promise<Gateway> {
  const data = mkdtempSync(join(tmpdir(), 'talaria-bench-'));
  const settings = join(data, 'bench.yaml');
  writeFileSync(settings, settingsOf(upstreamUrl, hasPool));
  const url = `http://127.0.0.1:${await freePort()}`;
  const launcher = spawn(process.execPath, [join(dist, 'apps/launcher/src/main.js')], {
    cwd: join(dist, '..'),
    env: {
      ...process.env,
      ...ROOM,
      TALARIA_DATA: data,
      API_SERVER_PORT: new URL(url).port,
      TALARIA_CONFIG: settings,
      MODELS_UNKNOWN: 'passthrough',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const end = async (): Promise<void> => {
    await stop(launcher);
    rmSync(data, { recursive: true, force: true });
  };
  try {
    await answers(`${url}/health/ready`);
    await answers(`${url}/v1/models`);
  } catch (error) {
    await end();
    throw error;
  }
  return { url, launcherPid: launcher.pid ?? 0, stop: end };
}

/** Unknown names go to the first upstream; all five are the same server. */
function settingsOf(upstreamUrl: string, hasPool: boolean): string {
  const names = hasPool ? ['openai', 'b', 'c', 'd', 'e'] : ['openai'];
  const model = modelOf({ tokens: TOKENS, gapMs: 0 });
  const upstreams = names.map((name) => ({ name, provider: 'openai', base_url: `${upstreamUrl}/v1` }));
  const models = [
    { name: ONE_UPSTREAM, upstream: 'openai', model },
    ...(hasPool ? [{ name: FIVE_UPSTREAMS, upstreams: names, model }] : []),
  ];
  // JSON is YAML.
  return JSON.stringify({ upstreams, models });
}

/** A port of loopback that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when the address answers 2xx. @throws after a minute without */
export async function answers(url: string): Promise<void> {
  const deadline = Date.now() + READY_MS_MAX;
  for (;;) {
    const ok = await fetch(url)
      .then((response) => response.ok)
      .catch(() => false);
    if (ok) return;
    if (Date.now() > deadline) throw new Error(`${url} did not answer`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
