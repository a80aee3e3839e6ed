import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { usageOf } from '../../../bench/processes.js';
import { until } from '../../support/until.js';
import { Lab, stopPostgres } from '../lab.js';
import { allStored } from '../rows/store.js';
import { FAULTS } from './faults.js';
import { findLeaks } from './leaks.js';
import { Load } from './load.js';
import { Random } from './random.js';

/**
 * `npm run soak -- --minutes 10`: random faults under mixed load, then the audit.
 *   --seed 42      the same faults in the same order      --clients 30      one run after the other each
 *   --pause 4      seconds between two faults, on average
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    clients: { type: 'string', default: '30' },
    pause: { type: 'string', default: '4' },
  },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
/** After the last fault: recovery, the longest run, and the store's backlog. */
const SETTLE_SECONDS_MAX = 180;

async function breakThings(lab: Lab, random: Random): Promise<Map<string, number>> {
  const struck = new Map<string, number>();
  const until = Date.now() + minutes * 60_000;
  while (Date.now() < until) {
    await sleep(random.between(0.5, 1.5) * Number(values.pause) * 1_000);
    const fault = random.pick(FAULTS);
    struck.set(fault.name, (struck.get(fault.name) ?? 0) + 1);
    await fault.strike(lab, random);
  }
  return struck;
}

async function soak(lab: Lab): Promise<boolean> {
  const began = performance.now();
  const load = new Load(lab, new Random(seed + 1));
  const visits = load.visit(Number(values.clients));
  const struck = await breakThings(lab, new Random(seed));
  const pids = lab.crew.everStarted;
  load.stop();
  await visits;
  const problems = [...load.problems];
  await allStored(lab, [...load.runs.keys()]).catch((cause: Error) => problems.push(cause.message));
  const leaks = (): Promise<string[]> => findLeaks(lab, load, pids);
  await until(async () => (await leaks()).length === 0, { ms: 60_000, everyMs: 2_000 }).catch(() => undefined);
  problems.push(...(await leaks()));
  report(lab, load, { struck, problems, seconds: (performance.now() - began) / 1_000 });
  return problems.length === 0;
}

interface Outcome {
  readonly struck: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
  readonly seconds: number;
}

function report(lab: Lab, load: Load, { struck, problems, seconds }: Outcome): void {
  const { deliveries, connects, lost, doubled, altered } = load.totals;
  const kinds = Object.entries(load.ends).map(([name, count]) => `${count} ${name.replace('run.', '')}`);
  const faults = [...struck].sort(([a], [b]) => (a < b ? -1 : 1));
  const memory = lab.crew.alive.map(({ name, pid }) => `${name} ${usageOf(pid).rssMb.toFixed(0)} MB`);
  print(`runs       ${load.runs.size}: ${kinds.join(', ')}`);
  print(`deliveries ${deliveries} over ${connects} connects: lost ${lost}, doubled ${doubled}, altered ${altered}`);
  print(`faults     ${faults.reduce((sum, [, count]) => sum + count, 0)}`);
  for (const [name, count] of faults) print(`           ${String(count).padStart(4)} ${name}`);
  print(`memory     ${memory.join(', ')}`);
  print(`duration   ${seconds.toFixed(0)} s, seed ${seed}`);
  for (const problem of problems.slice(0, 50)) print(`PROBLEM    ${problem}`);
  print(problems.length === 0 ? 'the audit found nothing' : `${problems.length} PROBLEMS`);
}

const options = {
  apis: 2,
  workers: 2,
  scheduler: true,
  secondsMax: minutes * 60 + SETTLE_SECONDS_MAX,
  env: { TOOLS: 'current_time', UPSTREAM_IDLE_MS: '3000', UPSTREAM_RETRIES: '3' },
};
print(`soaking for ${minutes} minutes, seed ${seed}`);
const isWell = await Lab.with(options, soak).catch((cause: unknown) => {
  print(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
  return false;
});
await stopPostgres();
process.exit(isWell ? 0 : 1);
