import { fork, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { modelOf } from './clock.js';
import { answers, freePort, startGateway, stop, type Gateway } from './gateway.js';
import type { LoadOrder, LoadResult } from './load.js';
import { buildOther } from './other-build.js';
import { servicesBelow, usageOf, type Usage } from './processes.js';
import { printAgainst, printHeader, printIdle, printRatios, printRow, printTwins, type Row } from './report.js';
import { scaled, SCENARIOS, TOKENS, WARM_UP, type Scenario, type Twin } from './scenarios.js';
import { startPipe, type Pipe } from './pipe/start.js';

/**
 * npm run bench -- [--only S1,S3] [--rounds 1] [--seconds 8] [--speed 1] [--against <git ref>]
 *
 * Starts a paced model server, the bare pipe (pipe/start.ts) and the whole gateway as `npm start` does (separate
 * processes, private Redis, PGlite), drives the three with the same load in turn within each round, and prints what the
 * gateway adds. Absolute times of a shared machine are noise: compare a row with the floor and the pipe beside it. With
 * `--speed 0.5` the scenarios are those of a machine half as fast as the performance page's: see `scaled`. With
 * `--against` the gateway of another commit is built and driven in turn with this one, each first in every other
 * round: the ratios of the last lines are the result. S7 asks for one upstream and for a pool of five, S8 by Chat
 * Completions and by Messages.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'S1,S2,S3' },
    rounds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '8' },
    speed: { type: 'string', default: '1' },
    against: { type: 'string' },
  },
});

const speed = Number(values.speed);
if (!(speed > 0)) throw new Error(`--speed must be a number above 0, not ${values.speed}`);
const other = values.against === undefined ? undefined : buildOther(values.against);

/** The compiler of the engine needs some thousand requests; what is measured is a service that runs. */
const WARM_UP_SECONDS = 20;
/** Of the scenario itself, before its window opens. */
const LEAD_SECONDS = 4;

const here = import.meta.dirname;

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

interface Targets {
  readonly upstream: string;
  readonly pipe: Pipe;
  readonly ours: Gateway;
  /** The gateway of the other commit, and the name of that. */
  readonly theirs?: { readonly gateway: Gateway; readonly name: string };
}

async function measure(targets: Targets): Promise<Row[]> {
  const names = (values.only ?? '').split(',');
  const chosen = SCENARIOS.filter(({ name }) => names.includes(name)).map((one) => scaled(one, speed));
  const rows: Row[] = [];
  printHeader();
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const scenario of chosen) rows.push(...(await measureOne(scenario, round, targets)));
  }
  if (targets.theirs) printAgainst(rows, targets.theirs.name);
  printTwins(rows);
  return rows;
}

/** The two manners of one scenario, each first in every other round. There is no floor and no pipe for them. */
async function measureTwins(scenario: Scenario, twin: Twin, round: number, { ours }: Targets): Promise<Row[]> {
  const seconds = Number(values.seconds);
  const measureAs = async (target: string, manner: Pick<LoadOrder, 'asked' | 'path'>): Promise<Row> => {
    const order = { ...orderOf(scenario, ours.url, seconds), ...manner };
    const { result, used } = await drive(order, servicesBelow(ours.launcherPid));
    const row: Row = { round, scenario, target, result, used: Object.fromEntries(used), seconds };
    printRow(row);
    return row;
  };
  const own = { name: 'talaria', ...(scenario.asked !== undefined && { asked: scenario.asked }) };
  const order: readonly Twin[] = round % 2 === 1 ? [own, twin] : [twin, own];
  const rows: Row[] = [];
  for (const { name, ...manner } of order) rows.push(await measureAs(name, manner));
  return rows;
}

async function measureOne(scenario: Scenario, round: number, targets: Targets): Promise<Row[]> {
  if (scenario.twin) return measureTwins(scenario, scenario.twin, round, targets);
  const seconds = Number(values.seconds);
  const measureAt = async (target: string, url: string, watched = new Map<string, number>()): Promise<Row> => {
    const { result, used } = await drive(orderOf(scenario, url, seconds), watched);
    const row: Row = { round, scenario, target, result, used: Object.fromEntries(used), seconds };
    printRow(row);
    return row;
  };
  const gateway = ({ url, launcherPid }: Gateway, name: string): Promise<Row> =>
    measureAt(name, url, servicesBelow(launcherPid));
  const { theirs } = targets;
  const rows = [
    await measureAt('floor', targets.upstream),
    await measureAt('pipe', targets.pipe.url, new Map(targets.pipe.pids)),
  ];
  if (theirs && round % 2 === 0) rows.push(await gateway(theirs.gateway, theirs.name));
  const ours = await gateway(targets.ours, 'talaria');
  rows.push(ours);
  if (theirs && round % 2 === 1) rows.push(await gateway(theirs.gateway, theirs.name));
  if (rows[1]) printRatios(scenario, ours.result, rows[1].result);
  return rows;
}

function orderOf({ gapMs, users, stream }: Scenario, url: string, seconds: number): LoadOrder {
  return { url, model: modelOf({ tokens: TOKENS, gapMs }), users, stream, warmupSeconds: LEAD_SECONDS, seconds };
}

const data = mkdtempSync(join(tmpdir(), 'talaria-bench-'));
const upstreamPort = await freePort();
const upstreamUrl = `http://127.0.0.1:${upstreamPort}`;
const upstream = spawn(process.execPath, [join(here, 'upstream.js')], {
  env: { ...process.env, PORT: String(upstreamPort) },
  stdio: 'inherit',
});
const pipe = startPipe({ api: await freePort(), redis: await freePort() }, upstreamUrl, join(data, 'pipe'));
const gateways: Gateway[] = [];
try {
  await answers(`${upstreamUrl}/v1/models`);
  const start = async (dist: string, name: string, hasPool = false): Promise<Gateway> => {
    const gateway = await startGateway(dist, upstreamUrl, hasPool);
    gateways.push(gateway);
    printIdle(name, new Map([...servicesBelow(gateway.launcherPid)].map(([service, pid]) => [service, usageOf(pid)])));
    return gateway;
  };
  const asksPool = SCENARIOS.some(
    ({ name, asked }) => asked !== undefined && (values.only ?? '').split(',').includes(name),
  );
  const ours = await start(join(here, '..'), 'talaria', asksPool);
  const theirs = other && { gateway: await start(other.dist, other.name), name: other.name };
  for (const { url } of [pipe, ...gateways]) await drive(orderOf(WARM_UP, url, WARM_UP_SECONDS), new Map());
  const rows = await measure({ upstream: upstreamUrl, pipe, ours, ...(theirs && { theirs }) });
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(`bench/results/${new Date().toISOString().replaceAll(':', '')}.json`, JSON.stringify(rows, null, 1));
} finally {
  await Promise.all([...gateways.map((gateway) => gateway.stop()), stop(upstream), ...pipe.children.map(stop)]);
  rmSync(data, { recursive: true, force: true });
}
