import { fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { modelOf } from './clock.js';
import type { LoadOrder, LoadResult } from './load.js';
import { servicesBelow, usageOf, type Usage } from './processes.js';
import { printHeader, printIdle, printRatios, printRow, type Row } from './report.js';
import { scaled, SCENARIOS, TOKENS, WARM_UP, type Scenario } from './scenarios.js';
import { startPipe, type Pipe } from './pipe/start.js';

/**
 * npm run bench -- [--only S1,S3] [--rounds 1] [--seconds 8] [--speed 1]
 *
 * Starts a paced model server, the bare pipe (pipe/start.ts) and the whole gateway as `npm start` does (separate
 * processes, private Redis, PGlite), drives the three with the same load in turn within each round, and prints what the
 * gateway adds. Absolute times of a shared machine are noise: compare a row with the floor and the pipe beside it. With
 * `--speed 0.5` the scenarios are those of a machine half as fast as the performance page's: see `scaled`.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'S1,S2,S3' },
    rounds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '8' },
    speed: { type: 'string', default: '1' },
  },
});

const speed = Number(values.speed);
if (!(speed > 0)) throw new Error(`--speed must be a number above 0, not ${values.speed}`);

/** The compiler of the engine needs some thousand requests; what is measured is a service that runs. */
const WARM_UP_SECONDS = 20;
/** Of the scenario itself, before its window opens. */
const LEAD_SECONDS = 4;

const here = import.meta.dirname;
const READY_MS_MAX = 60_000;
/** Every run must find a free slot: the scenarios measure the relay, not the admission limits. */
const ROOM = { WORKER_CONCURRENCY: '1024', MAX_IN_FLIGHT: '4096', MAX_QUEUED: '20000' };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(url: string): Promise<void> {
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

interface Measured {
  readonly result: LoadResult;
  readonly used: ReadonlyMap<string, Usage>;
}

/** One load process against one target; the CPU of the watched processes is taken over its window. */
async function drive(order: LoadOrder, watched: ReadonlyMap<string, number>): Promise<Measured> {
  const child = fork(join(here, 'load.js'), [JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const look = (): Map<string, Usage> => new Map([...watched].map(([name, pid]) => [name, usageOf(pid)]));
  let before = look();
  let after = before;
  child.on('message', (message) => {
    if (message === 'window') before = look();
    else after = look();
  });
  await new Promise((resolve) => child.once('close', resolve));
  const used = new Map<string, Usage>();
  for (const [name, { cpuSeconds, rssMb }] of after) {
    used.set(name, { cpuSeconds: cpuSeconds - (before.get(name)?.cpuSeconds ?? 0), rssMb });
  }
  return { result: JSON.parse(output) as LoadResult, used };
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

interface Targets {
  readonly upstream: string;
  readonly pipe: Pipe;
  readonly gateway: string;
  readonly launcherPid: number;
}

async function measure(targets: Targets): Promise<Row[]> {
  const names = (values.only ?? '').split(',');
  const chosen = SCENARIOS.filter(({ name }) => names.includes(name)).map((one) => scaled(one, speed));
  const rows: Row[] = [];
  printHeader();
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const scenario of chosen) rows.push(...(await measureOne(scenario, round, targets)));
  }
  return rows;
}

async function measureOne(scenario: Scenario, round: number, targets: Targets): Promise<Row[]> {
  const seconds = Number(values.seconds);
  const measureAt = async (target: Row['target'], url: string, watched = new Map<string, number>()): Promise<Row> => {
    const { result, used } = await drive(orderOf(scenario, url, seconds), watched);
    const row: Row = { round, scenario, target, result, used: Object.fromEntries(used), seconds };
    printRow(row);
    return row;
  };
  const floor = await measureAt('floor', targets.upstream);
  const pipe = await measureAt('pipe', targets.pipe.url, new Map(targets.pipe.pids));
  const gateway = await measureAt('talaria', targets.gateway, servicesBelow(targets.launcherPid));
  printRatios(scenario, gateway.result, pipe.result);
  return [floor, pipe, gateway];
}

function orderOf({ gapMs, users, stream }: Scenario, url: string, seconds: number): LoadOrder {
  return { url, model: modelOf({ tokens: TOKENS, gapMs }), users, stream, warmupSeconds: LEAD_SECONDS, seconds };
}

const data = mkdtempSync(join(tmpdir(), 'talaria-bench-'));
const [upstreamPort, apiPort, pipePort, redisPort] = [
  await freePort(),
  await freePort(),
  await freePort(),
  await freePort(),
];
const upstreamUrl = `http://127.0.0.1:${upstreamPort}`;
const gatewayUrl = `http://127.0.0.1:${apiPort}`;
const upstream = spawn(process.execPath, [join(here, 'upstream.js')], {
  env: { ...process.env, PORT: String(upstreamPort) },
  stdio: 'inherit',
});
const pipe = startPipe({ api: pipePort, redis: redisPort }, upstreamUrl, join(data, 'pipe'));
const launcher = spawn(process.execPath, [join(here, '../apps/launcher/src/main.js')], {
  env: {
    ...process.env,
    ...ROOM,
    TALARIA_DATA: data,
    API_SERVER_PORT: String(apiPort),
    OPENAI_BASE_URL: `${upstreamUrl}/v1`,
    MODELS_UNKNOWN: 'passthrough',
    LOG_LEVEL: 'warn',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
});
try {
  await answers(`${upstreamUrl}/v1/models`);
  await answers(`${gatewayUrl}/health/ready`);
  await answers(`${gatewayUrl}/v1/models`);
  printIdle(new Map([...servicesBelow(launcher.pid ?? 0)].map(([name, pid]) => [name, usageOf(pid)])));
  for (const url of [pipe.url, gatewayUrl]) await drive(orderOf(WARM_UP, url, WARM_UP_SECONDS), new Map());
  const rows = await measure({ upstream: upstreamUrl, pipe, gateway: gatewayUrl, launcherPid: launcher.pid ?? 0 });
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(`bench/results/${new Date().toISOString().replaceAll(':', '')}.json`, JSON.stringify(rows, null, 1));
} finally {
  await Promise.all([stop(launcher), stop(upstream), ...pipe.children.map(stop)]);
  rmSync(data, { recursive: true, force: true });
}
