import { setTimeout as sleep } from 'node:timers/promises';
import { storedRun } from '../../support/stored-run.js';
import { until } from '../../support/until.js';
import { Lab, sharedPostgres } from '../lab.js';
import { must, mustBeWhole, type Row } from '../row.js';

const AWAY_SECONDS = 60;

/** Waits until every run is in the store with its end; default: all of the lab. @returns seconds until it was so. */
export async function allStored(lab: Lab, runIds = lab.watched.map(({ run }) => run.runId)): Promise<number> {
  const began = performance.now();
  const open = new Set(runIds);
  const look = async (): Promise<boolean> => {
    const some = [...open].slice(0, 100);
    const states = await Promise.all(some.map((runId) => storedStatus(lab, runId)));
    some.forEach((runId, i) => states[i] && open.delete(runId));
    return open.size === 0;
  };
  await until(look, { ms: 90_000, everyMs: 250, what: 'the rows of all runs' }).catch(() => {
    throw new Error(`${open.size} runs have no row of their end, as ${[...open][0]}`);
  });
  return (performance.now() - began) / 1_000;
}

async function storedStatus(lab: Lab, runId: string): Promise<boolean> {
  const [store] = lab.crew.of('store');
  const run = store && (await storedRun(store.url, runId));
  return run !== undefined && !['queued', 'running'].includes(run.status);
}

async function liveReads(lab: Lab): Promise<number> {
  let slowest = 0;
  for (const { run } of lab.watched) {
    const began = performance.now();
    const response = await fetch(`${lab.addresses()[0]}/v1/runs/${run.runId}`);
    must(response.ok, `GET of a live run was answered ${response.status}`);
    await response.body?.cancel();
    slowest = Math.max(slowest, performance.now() - began);
  }
  return slowest;
}

async function away(lab: Lab, stop: () => Promise<void>, start: () => Promise<unknown>): Promise<string> {
  await lab.load(10, { model: 'ok:n=50,gap=50' });
  await stop();
  for (let second = 0; second < AWAY_SECONDS; second += 2) {
    await lab.load(5, { model: 'ok:n=20,gap=20' });
    await sleep(2_000);
  }
  await lab.allEnded();
  const slowest = await liveReads(lab);
  await start();
  const after = await allStored(lab);
  const figures = mustBeWhole(await lab.audit(), 'run.completed');
  return `reads meanwhile at most ${slowest.toFixed(0)} ms; all rows ${after.toFixed(1)} s after its return; ${figures}`;
}

const storeKilled: Row = {
  id: 'D1',
  what: `store killed (-9), ${AWAY_SECONDS} s away`,
  run: () =>
    Lab.with({ apis: 2, workers: 1, scheduler: true, secondsMax: 200 }, (lab) =>
      away(
        lab,
        async () => lab.crew.of('store')[0]?.kill(),
        () => lab.crew.add('store'),
      ),
    ),
};

const postgresStopped: Row = {
  id: 'D2',
  what: `Postgres stopped, ${AWAY_SECONDS} s away`,
  run: () =>
    Lab.with({ apis: 2, workers: 1, scheduler: true, secondsMax: 200 }, async (lab) => {
      const postgres = await sharedPostgres();
      const figures = await away(
        lab,
        async () => {
          await postgres.halt();
          await until(async () => !(await lab.ready('store')), { what: 'the store to say that it is not ready' });
        },
        () => postgres.start(),
      );
      must(await lab.ready('store'), 'the store is not ready again');
      return figures;
    }),
};

const schedulerKilled: Row = {
  id: 'C1',
  what: 'scheduler killed (-9): the one that is left, or comes, makes good what was lost',
  run: () =>
    Lab.with({ apis: 1, workers: 1, scheduler: true, secondsMax: 200 }, async (lab) => {
      await lab.load(10, { model: 'ok:n=50,gap=100' });
      await lab.allSpeak();
      await lab.crew.of('scheduler')[0]?.kill();
      // A run whose job was taken out of the queue behind everybody's back, and one that its worker never told the
      // store of.
      const [, orphan] = lab.watched;
      await lab.crew.of('worker')[0]?.kill();
      const jobs = await lab.redis.keys(`{talaria}:runs:${orphan?.run.runId}*`);
      await lab.redis.del(...jobs);
      for (const list of ['active', 'wait']) await lab.redis.lrem(`{talaria}:runs:${list}`, 0, orphan?.run.runId ?? '');
      await lab.crew.add('worker');
      await lab.crew.add('scheduler');
      await lab.allEnded();
      const found = await lab.audit();
      must(found.ends['run.failed worker_lost'] === 1, `the orphan was not ended: ${JSON.stringify(found.ends)}`);
      return `${mustBeWhole(found)}; all rows after ${(await allStored(lab)).toFixed(1)} s`;
    }),
};

export const STORE_ROWS: readonly Row[] = [storeKilled, postgresStopped, schedulerKilled];
