import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import { Lab, recoveries } from '../lab.js';
import { must, mustBeWhole, spread, type Row } from '../row.js';

/** The promise; the aim is a median of 13 s (lock 15 s, looked at every 5 s). */
const RECOVERY_SECONDS_MAX = 25;

const workerKilled: Row = {
  id: 'P1',
  what: 'kill -9 a worker in the middle of its streams, twice',
  run: () =>
    Lab.with({ apis: 2, workers: 3, scheduler: true, secondsMax: 150 }, async (lab) => {
      const recovered: number[] = [];
      for (let kill = 0; kill < 2; kill++) {
        const some = await lab.load(10, { model: `ok:n=150,gap=100${kill === 0 ? ',vary=1' : ''}` });
        await lab.allSpeak(some);
        const victim = await lab.workerOf(some[0]?.run.runId ?? '');
        const at = Date.now();
        await lab.crew.replace(victim);
        await Promise.all(some.flatMap(({ readings }) => readings.map((reading) => reading.toEnd(lab.signal))));
        recovered.push(
          ...(await recoveries(
            lab,
            some.map(({ run }) => run.runId),
            at,
          )),
        );
      }
      await lab.allEnded();
      must(recovered.length > 0, 'no run was recovered');
      must(Math.max(...recovered) <= RECOVERY_SECONDS_MAX, `a recovery took ${Math.max(...recovered)} s`);
      const figures = mustBeWhole(await lab.audit(), 'run.completed');
      return `${recovered.length} recoveries, ${spread(recovered, 's')}; ${figures}`;
    }),
};

const allWorkersKilled: Row = {
  id: 'P2',
  what: 'kill -9 all workers, start one 15 s later',
  run: () =>
    Lab.with({ apis: 2, workers: 2, scheduler: true, secondsMax: 150 }, async (lab) => {
      await lab.load(20, { model: 'ok:n=80,gap=100' });
      await lab.allSpeak();
      await Promise.all(lab.crew.of('worker').map((worker) => worker.kill()));
      await sleep(15_000);
      const at = Date.now();
      await lab.crew.add('worker');
      await lab.allEnded();
      const runIds = lab.watched.map(({ run }) => run.runId);
      const figures = mustBeWhole(await lab.audit(), 'run.completed');
      return `after the start ${spread(await recoveries(lab, runIds, at), 's')}; ${figures}`;
    }),
};

const workerPaused: Row = {
  id: 'P10',
  what: 'SIGSTOP a worker for 22 s (lock 15 s): fenced on waking',
  run: () =>
    Lab.with({ apis: 2, workers: 2, scheduler: true, secondsMax: 150 }, async (lab) => {
      await lab.load(12, { model: 'ok:n=300,gap=100' });
      await lab.allSpeak();
      const paused = await lab.workerOf(lab.watched[0]?.run.runId ?? '');
      process.kill(paused.pid, 'SIGSTOP');
      const at = Date.now();
      await sleep(22_000);
      const busy = lab.upstream.active;
      process.kill(paused.pid, 'SIGCONT');
      const woke = performance.now();
      const runIds = lab.watched.map(({ run }) => run.runId);
      const moved = await recoveries(lab, runIds, at);
      must(moved.length > 0, 'no run was taken over');
      // What the woken worker had open upstream is closed: nobody pays for answers that nobody may write.
      await until(() => lab.upstream.active <= busy - moved.length, { ms: 10_000, what: 'the upstream to be left' });
      const leftAfter = (performance.now() - woke) / 1_000;
      await lab.allEnded();
      must(!paused.hasExited(), 'the woken worker has exited');
      const figures = mustBeWhole(await lab.audit(), 'run.completed');
      return `taken over ${spread(moved, 's')}; upstream left ${leftAfter.toFixed(2)} s after waking; ${figures}`;
    }),
};

export const WORKER_ROWS: readonly Row[] = [workerKilled, allWorkersKilled, workerPaused];
