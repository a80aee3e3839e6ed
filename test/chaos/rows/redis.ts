import { LIMITS } from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { usageOf } from '../../../bench/processes.js';
import { until } from '../../support/until.js';
import { Lab } from '../lab.js';
import { must, mustBeWhole, type Row } from '../row.js';

const CUTS = 30;

/** Cuts every connection but the one that asks. @returns how many. */
export async function cutConnections(lab: Lab): Promise<number> {
  const normal = Number(await lab.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
  return normal + Number(await lab.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
}

const connectionsCut: Row = {
  id: 'R1',
  what: `CLIENT KILL of all Redis connections, ${CUTS} times`,
  run: () =>
    Lab.with({ apis: 2, workers: 2, scheduler: true }, async (lab) => {
      await lab.load(20, { model: 'ok:n=300,gap=100' });
      await lab.allSpeak();
      let cut = 0;
      for (let i = 0; i < CUTS; i++) {
        cut += await cutConnections(lab);
        await sleep(500);
      }
      await lab.allEnded();
      return `${cut} connections cut; ${mustBeWhole(await lab.audit(), 'run.completed')}`;
    }),
};

const redisRestarted: Row = {
  id: 'R2',
  what: 'kill -9 Redis, 5 s down, restart with its append-only file',
  run: () =>
    Lab.with({ apis: 2, workers: 2, scheduler: true, secondsMax: 150 }, async (lab) => {
      await lab.load(20, { model: 'ok:n=300,gap=100' });
      await lab.allSpeak();
      const restart = lab.stack.redis.restart(5_000);
      await sleep(2_000);
      must(!(await lab.ready('api')), 'the API says that it is ready while Redis is away');
      const refusal = await refusalOf(lab);
      await restart;
      const up = performance.now();
      await until(() => lab.ready('api'), { what: 'the API to be ready again' });
      const readyAfter = (performance.now() - up) / 1_000;
      await lab.load(5, { model: 'ok:n=5' });
      await lab.allEnded();
      const figures = mustBeWhole(await lab.audit(), 'run.completed');
      return `${refusal}; ready ${readyAfter.toFixed(1)} s after it was back; ${figures}`;
    }),
};

const redisFrozen: Row = {
  id: 'R7',
  what: 'Redis frozen (SIGSTOP) for 5 s, three times',
  run: () =>
    Lab.with({ apis: 2, workers: 2, scheduler: true, secondsMax: 150 }, async (lab) => {
      await lab.load(20, { model: 'ok:n=300,gap=100' });
      await lab.allSpeak();
      let refusal = '';
      for (let i = 0; i < 3; i++) {
        process.kill(lab.stack.redis.pid, 'SIGSTOP');
        refusal = await refusalOf(lab);
        await sleep(2_500);
        process.kill(lab.stack.redis.pid, 'SIGCONT');
        await sleep(2_000);
      }
      await lab.allEnded();
      return `${refusal}; ${mustBeWhole(await lab.audit(), 'run.completed')}`;
    }),
};

/** A request while Redis is away is refused soon, and says when to come again. */
async function refusalOf(lab: Lab): Promise<string> {
  const began = performance.now();
  const response = await fetch(`${lab.addresses()[0]}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'ok', messages: [{ role: 'user', content: 'Go.' }] }),
  });
  const seconds = (performance.now() - began) / 1_000;
  must(response.status === 503, `a request without Redis was answered ${response.status}`);
  must(response.headers.has('retry-after'), 'the 503 has no Retry-After');
  must(seconds < 10, `the 503 took ${seconds} s`);
  return `503 within ${seconds.toFixed(1)} s`;
}

/** CPU of a service as a share of one core, while nothing can be done. */
const IDLE_SHARE_MAX = 0.5;
const FULL_SECONDS = 8;

const memoryFull: Row = {
  id: 'R8',
  what: `Redis out of memory (noeviction) for ${FULL_SECONDS} s`,
  run: () =>
    Lab.with({ apis: 2, workers: 2, scheduler: true, secondsMax: 150 }, async (lab) => {
      await lab.load(20, { model: 'ok:n=150,gap=100' });
      await lab.allSpeak();
      await lab.redis.config('SET', 'maxmemory', '1');
      const pids = lab.crew.alive.map(({ pid }) => pid);
      const before = pids.map((pid) => usageOf(pid).cpuSeconds);
      const notReady = until(async () => !(await lab.ready('api')), { what: 'the API to say that it is not ready' });
      const refusal = await refusalOf(lab);
      await Promise.all([notReady, sleep(FULL_SECONDS * 1_000)]);
      const shares = pids.map((pid, i) => (usageOf(pid).cpuSeconds - (before[i] ?? 0)) / FULL_SECONDS);
      await lab.redis.config('SET', 'maxmemory', '0');
      await until(() => lab.ready('api'), { what: 'the API to be ready again' });
      await lab.allEnded();
      must(Math.max(...shares) < IDLE_SHARE_MAX, `a service used ${Math.max(...shares).toFixed(2)} of a core`);
      const figures = mustBeWhole(await lab.audit(), 'run.completed');
      return `${refusal}; not ready meanwhile; busiest service ${(100 * Math.max(...shares)).toFixed(0)} % of a core; ${figures}`;
    }),
};

/** Bytes of all keys, by the first parts of their names. */
async function bytesByFamily(lab: Lab): Promise<Map<string, number>> {
  const families = new Map<string, number>();
  for (const key of await lab.redis.keys('*')) {
    const bytes = Number(await lab.redis.memory('USAGE', key, 'SAMPLES', 0));
    const family = key.replaceAll(/run_\w+|[0-9a-f]{64}/g, '*');
    families.set(family, (families.get(family) ?? 0) + bytes);
  }
  return families;
}

const sum = (families: ReadonlyMap<string, number>): number =>
  [...families.values()].reduce((all, one) => all + one, 0);

const GIVEN_BACK_RUNS = 300;
/**
 * What stays: the Idempotency-Key for its day, and the job as long as it is among the last thousand (1,040 bytes, of
 * ids).
 */
const LEFT_BYTES_MAX = 2_500;

const memoryGivenBack: Row = {
  id: 'R12',
  what: 'memory per run in Redis: given back, and orphans expire',
  run: () =>
    Lab.with({ apis: 1, workers: 1, scheduler: true }, async (lab) => {
      const before = sum(await bytesByFamily(lab));
      for (let i = 0; i < GIVEN_BACK_RUNS / 50; i++) await lab.load(50, { model: 'ok:n=100', listeners: 0 });
      await Promise.all(lab.watched.map(({ run }) => run.chat.ended));
      const highest = (sum(await bytesByFamily(lab)) - before) / GIVEN_BACK_RUNS;
      const unconfirmed = (): Promise<number> => lab.redis.zcard('talaria:runs:unconfirmed');
      await until(async () => (await unconfirmed()) === 0, { ms: 60_000, what: 'the store to confirm all rows' });
      const keys = await lab.redis.keys('talaria:{run_*');
      const ttls = await Promise.all(keys.map((key) => lab.redis.ttl(key)));
      must(keys.length === GIVEN_BACK_RUNS * 2, `${keys.length} keys of logs are there`);
      must(
        ttls.every((ttl) => ttl > 0 && ttl <= LIMITS.runLogTtlSeconds),
        'a confirmed log never expires',
      );
      for (const key of keys) await lab.redis.pexpire(key, 1);
      await until(async () => (await lab.redis.keys('talaria:{run_*')).length === 0, { what: 'the logs to expire' });
      const left = await bytesByFamily(lab);
      const perRun = (sum(left) - before) / GIVEN_BACK_RUNS;
      const largest = [...left].sort(([, a], [, b]) => b - a).slice(0, 3);
      must(perRun < LEFT_BYTES_MAX, `a run leaves ${perRun.toFixed(0)} bytes behind: ${JSON.stringify(largest)}`);
      return `${(highest / 1_024).toFixed(1)} KB per run of 100 words, ${perRun.toFixed(0)} bytes once its log has expired; all logs have their hour`;
    }),
};

export const REDIS_ROWS: readonly Row[] = [connectionsCut, redisRestarted, redisFrozen, memoryFull, memoryGivenBack];
