import { setTimeout as sleep } from 'node:timers/promises';
import { Lab, stopPostgres } from '../chaos/lab.js';
import { mustBeWhole } from '../chaos/row.js';
import { cutConnections } from '../chaos/rows/redis.js';
import { allStored } from '../chaos/rows/store.js';
import { withSlack } from '../support/slack.js';

/**
 * The most telling rows of `npm run chaos` in one deployment: everything that can die dies once under the same streams.
 */
afterAll(() => stopPostgres());

test(
  'streams outlive every process and Redis: nothing lost, nothing doubled, one end each',
  async () => {
    const options = { apis: 2, workers: 2, scheduler: true, secondsMax: withSlack(75) };
    const figures = await Lab.with(options, async (lab) => {
      await lab.load(6, { model: 'ok:n=200,gap=100' });
      await lab.load(6, { model: 'ok:n=200,gap=100,vary=1' });
      await lab.allSpeak();
      const victim = await lab.workerOf(lab.watched[0]?.run.runId ?? '');
      await lab.crew.replace(victim);
      const faults = [
        () => cutConnections(lab),
        async () => lab.crew.replace(lab.crew.of('api')[0] ?? victim),
        async () => {
          process.kill(lab.stack.redis.pid, 'SIGSTOP');
          await sleep(2_000);
          process.kill(lab.stack.redis.pid, 'SIGCONT');
        },
        async () => lab.crew.of('store')[0]?.kill(),
        () => lab.stack.redis.restart(1_000),
        async () => lab.crew.replace(lab.crew.of('api')[0] ?? victim, 'SIGTERM'),
        async () => lab.crew.replace(lab.crew.of('worker')[0] ?? victim, 'SIGTERM'),
        () => lab.crew.add('store'),
      ];
      for (const strike of faults) await strike();
      await lab.load(4, { model: 'ok:n=10' });
      await lab.allEnded();
      await allStored(lab);
      return mustBeWhole(await lab.audit(), 'run.completed');
    });
    expect(figures).toMatch(/lost 0, doubled 0, altered 0$/);
  },
  withSlack(80_000),
);
