import { until } from '../../support/until.js';
import { Lab } from '../lab.js';
import { must, mustBeWhole, type Row } from '../row.js';

const EACH = 10;

/** What each behaviour of an upstream has to come to. */
const FAULTS: readonly { readonly model: string; readonly end: string }[] = [
  { model: 'cut:after=3', end: 'run.failed' },
  { model: 'hang:after=3', end: 'run.failed' },
  { model: 'hang:after=0', end: 'run.failed' },
  { model: 'error-in-stream:after=2', end: 'run.failed' },
  { model: 'html', end: 'run.failed' },
  { model: '503:times=1', end: 'run.completed' },
  { model: 'ok:n=20,gap=20', end: 'run.completed' },
];

const upstreamFaults: Row = {
  id: 'U1',
  what: `an upstream that resets, goes silent, fails in its stream, or once with 503: ${EACH} runs each`,
  run: () =>
    Lab.with(
      { apis: 1, workers: 1, env: { UPSTREAM_IDLE_MS: '2000', UPSTREAM_FIRST_BYTE_MS: '2000', UPSTREAM_RETRIES: '1' } },
      async (lab) => {
        const loads = FAULTS.map(({ model }) => lab.load(EACH, { model, listeners: 1 }));
        const groups = await Promise.all(loads);
        await lab.allEnded();
        for (const [i, { model, end }] of FAULTS.entries()) {
          const ends = await Promise.all(
            (groups[i] ?? []).map(async ({ run }) => (await lab.log(run.runId)).at(-1)?.type),
          );
          const others = ends.filter((type) => type !== end);
          must(others.length === 0 || model.startsWith('503'), `${model} ended with ${others.join()}`);
        }
        await until(() => lab.upstream.active === 0, { what: 'no call to be left open' });
        return `no call left open; ${mustBeWhole(await lab.audit())}`;
      },
    ),
};

const storm: Row = {
  id: 'U4',
  what: '429 storm: 40 runs, every call refused three times with Retry-After',
  run: () =>
    Lab.with({ apis: 1, workers: 1, env: { UPSTREAM_RETRIES: '5' } }, async (lab) => {
      const models = Array.from({ length: 40 }, (_, i) => `429:ra=1,times=3,n=${8 + i}`);
      await Promise.all(models.map((model) => lab.start({ model, listeners: 1 })));
      await lab.allEnded();
      const calls = lab.upstream.requests.length;
      must(calls === 160, `${calls} calls were made, 160 were needed`);
      return `${calls} calls for 40 answers; ${mustBeWhole(await lab.audit(), 'run.completed')}`;
    }),
};

export const UPSTREAM_ROWS: readonly Row[] = [upstreamFaults, storm];
