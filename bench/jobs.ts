import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { servicesBelow, usageOf } from './processes.js';

/**
 * npm run build && node dist/bench/jobs.js [--jobs 10000] [--due 1000] [--minutes 2]
 *
 * Starts the whole gateway as `npm start` does, creates cron jobs over the API, `due` of them for every full minute and
 * the rest for far away, and prints how fast they were created, what memory they take, and how late the runs of a
 * minute were claimed by a scheduler and started by a worker. The demo model answers.
 */
const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '10000' },
    due: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '2' },
  },
});
const [jobs, due, minutes] = [Number(values.jobs), Number(values.due), Number(values.minutes)];
const REQUESTS_AT_ONCE = 16;
const READY_MS_MAX = 120_000;
const SETTLE_MS_MAX = 180_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const data = mkdtempSync(join(tmpdir(), 'talaria-bench-jobs-'));
const url = `http://127.0.0.1:${await freePort()}`;
const launcher = spawn(process.execPath, [join(import.meta.dirname, '../apps/launcher/src/main.js')], {
  env: {
    ...process.env,
    TALARIA_DATA: data,
    API_SERVER_PORT: new URL(url).port,
    MAX_JOBS: String(jobs),
    MAX_QUEUED: String(jobs * 2),
    MAX_QUEUED_PER_KEY: String(jobs * 2),
    LOG_LEVEL: 'warn',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
});

interface RunView {
  readonly status: string;
  readonly scheduled_for: string;
  readonly claimed_at: string;
  readonly started_at: string | null;
}

/** A store that is busy with the runs of a minute answers 503: that is not what is measured here. */
const TRIES_MAX = 120;

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  for (let tries = 1; ; tries++) {
    const answer = await fetch(`${url}${path}`, { method, ...(body && { body: JSON.stringify(body), headers }) });
    if (answer.ok) return (await answer.json()) as T;
    const text = await answer.text();
    if (answer.status !== 503 || tries === TRIES_MAX) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    await sleep(500);
  }
}

/** Does something for 0 .. count - 1, some at a time; the results stand in order. */
async function forEach<T>(count: number, work: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) results[i] = await work(i);
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, lane));
  return results;
}

function printMemory(when: string): void {
  const used = [...servicesBelow(launcher.pid ?? 0)].map(([name, pid]) => `${name} ${usageOf(pid).rssMb.toFixed(0)}`);
  console.log(`memory ${when} (MB): ${used.join(', ')}`);
}

function printLateness(what: string, late: readonly number[]): void {
  const sorted = [...late].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  console.log(`${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms (${late.length} runs)`);
}

async function untilReady(): Promise<void> {
  const deadline = Date.now() + READY_MS_MAX;
  const isReady = async (): Promise<boolean> =>
    (await fetch(`${url}/health/ready`)).ok && (await fetch(`${url}/api/jobs`)).ok;
  while (!(await isReady().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('the gateway did not become ready');
    await sleep(200);
  }
}

async function create(): Promise<string[]> {
  const began = Date.now();
  const endAt = new Date(Date.now() + 86_400_000).toISOString();
  const made = await forEach(jobs, async (i) => {
    // Paused while the others are made: every one shall see the same minutes.
    const isDue = i < due;
    const fields = isDue
      ? { schedule: '* * * * *', repeat: minutes, enabled: false, end_at: endAt }
      : { schedule: 'every 1d' };
    const body = { name: `job ${i}`, prompt: 'Say hello.', ...fields };
    return (await ask<{ job: { id: string } }>('POST', '/api/jobs', body)).job.id;
  });
  const seconds = (Date.now() - began) / 1_000;
  console.log(`created ${jobs} jobs in ${seconds.toFixed(1)} s: ${(jobs / seconds).toFixed(0)} per second`);
  return made.slice(0, due);
}

async function settledRuns(ids: readonly string[]): Promise<RunView[]> {
  const deadline = Date.now() + SETTLE_MS_MAX;
  for (;;) {
    const pages = await forEach(ids.length, (i) => ask<{ runs: RunView[] }>('GET', `/api/jobs/${ids[i]}/runs`));
    const runs = pages.flatMap((page) => page.runs);
    const done = runs.filter(({ status }) => !['queued', 'running'].includes(status));
    if (done.length >= ids.length * minutes || Date.now() > deadline) return runs;
    await sleep(5_000);
  }
}

try {
  await untilReady();
  printMemory('before');
  const ids = await create();
  printMemory(`with ${jobs} jobs`);
  // Early in a minute, so that all of them are awake before the next one.
  await sleep(60_000 - (Date.now() % 60_000));
  await forEach(ids.length, (i) => ask('POST', `/api/jobs/${ids[i]}/resume`));
  await sleep(60_000 * minutes);
  const runs = await settledRuns(ids);
  const lateness = (field: 'claimed_at' | 'started_at'): number[] =>
    runs.flatMap((run) => (run[field] === null ? [] : [Date.parse(run[field]) - Date.parse(run.scheduled_for)]));
  const counts = new Map<string, number>();
  for (const { status } of runs) counts.set(status, (counts.get(status) ?? 0) + 1);
  console.log(
    `runs: ${[...counts].map(([status, count]) => `${count} ${status}`).join(', ')}; wanted ${due * minutes}`,
  );
  printLateness('claimed after their time', lateness('claimed_at'));
  printLateness('started after their time', lateness('started_at'));
  printMemory('after');
} finally {
  launcher.kill('SIGTERM');
  await new Promise((resolve) => launcher.once('exit', resolve));
  rmSync(data, { recursive: true, force: true });
}
