import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import { Lab, recoveries } from '../lab.js';
import { must, mustBeWhole, spread, type Row } from '../row.js';

const API_KILLS = 8;
const STREAMS = 50;

const apiKilled: Row = {
  id: 'P3',
  what: `kill -9 an API ${API_KILLS} times under ${STREAMS} listeners: they go on elsewhere`,
  run: () =>
    Lab.with({ apis: 2, workers: 2, scheduler: true, secondsMax: 150 }, async (lab) => {
      await lab.load(STREAMS / 2, { model: 'ok:n=400,gap=100' });
      await lab.allSpeak();
      for (let kill = 0; kill < API_KILLS; kill++) {
        const [victim] = lab.crew.of('api');
        if (victim) await lab.crew.replace(victim);
        await sleep(500);
      }
      await lab.allEnded();
      const found = await lab.audit();
      must(found.connects > STREAMS, 'nobody had to come back');
      return `${API_KILLS} kills; ${mustBeWhole(found, 'run.completed')}`;
    }),
};

const nonEmpty = <T>(values: readonly T[]): readonly T[] | undefined => (values.length > 0 ? values : undefined);

/** Every service once, one after the other, under a load that never stops coming. */
async function roll(lab: Lab): Promise<number> {
  let restarts = 0;
  for (const name of ['api', 'worker', 'scheduler', 'store'] as const) {
    for (const service of lab.crew.of(name)) {
      await lab.crew.replace(service, 'SIGTERM');
      restarts++;
    }
  }
  return restarts;
}

const rollingRestart: Row = {
  id: 'P8',
  what: `rolling restart of all services by SIGTERM, twice, under ${STREAMS} streams`,
  run: () =>
    Lab.with({ apis: 2, workers: 2, scheduler: true, secondsMax: 240 }, async (lab) => {
      let rolling = true;
      // Each ends before it begins again, so that there are always as many streams.
      const client = async (): Promise<void> => {
        do {
          const { readings } = await lab.start({ model: 'ok:n=100,gap=50', listeners: 1 });
          await Promise.all(readings.map((reading) => reading.toEnd(lab.signal)));
        } while (rolling);
      };
      const clients = Promise.all(Array.from({ length: STREAMS }, client));
      await sleep(3_000);
      const restarts = (await roll(lab)) + (await roll(lab));
      rolling = false;
      await clients;
      await lab.allEnded();
      return `${restarts} restarts; ${mustBeWhole(await lab.audit(), 'run.completed')}`;
    }),
};

const longRunRestarted: Row = {
  id: 'P8b',
  what: 'SIGTERM every worker, 6 times during one long run: handed over, never charged',
  run: () =>
    Lab.with({ apis: 1, workers: 1, scheduler: true, secondsMax: 150, env: { DRAIN_SECONDS: '0' } }, async (lab) => {
      await lab.load(1, { model: 'ok:n=600,gap=100' });
      await lab.allSpeak();
      const took: number[] = [];
      for (let roll = 0; roll < 6; roll++) {
        const [old] = lab.crew.of('worker');
        await lab.crew.add('worker');
        const at = Date.now();
        await old?.kill('SIGTERM');
        const runIds = lab.watched.map(({ run }) => run.runId);
        took.push(
          ...(await until(async () => nonEmpty(await recoveries(lab, runIds, at)), { what: 'the next start' })),
        );
      }
      await lab.allEnded();
      return `handed over ${spread(took, 's', 2)}; ${mustBeWhole(await lab.audit(), 'run.completed')}`;
    }),
};

export const RESTART_ROWS: readonly Row[] = [apiKilled, rollingRestart, longRunRestarted];
