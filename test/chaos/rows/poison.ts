import { LIMITS } from '#libs/contract';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Lab } from '../lab.js';
import { must, mustBeWhole, type Row } from '../row.js';

const PILL = 'a pill of poison';

/** Loaded into a worker before its own code: the process dies when a request for a model carries the pill. */
const PRELOAD = `
import { subscribe } from 'node:diagnostics_channel';
subscribe('undici:request:create', ({ request }) => {
  if (String(request.body).includes('${PILL}')) process.kill(process.pid, 'SIGKILL');
});
`;

/** Starts a worker for every one that dies, until told to stop. @returns how many had to be started. */
function supervise(lab: Lab, workers: number, env: Record<string, string>): () => Promise<number> {
  let isOver = false;
  let deaths = 0;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      if (lab.crew.of('worker').length < workers) {
        deaths++;
        await lab.crew.add('worker', env);
      } else await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const watching = watch();
  return async () => {
    isOver = true;
    await watching;
    return deaths;
  };
}

/** One run kills each worker that touches it; nine others are with it on the only worker. */
async function poisoned(workers: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'talaria-pill-'));
  const preload = join(folder, 'pill.mjs');
  await writeFile(preload, PRELOAD);
  const env = { NODE_OPTIONS: `--import ${pathToFileURL(preload).href}` };
  try {
    return await Lab.with({ apis: 1, workers, scheduler: true, secondsMax: 280, env }, async (lab) => {
      await lab.load(9, { model: 'ok:n=600,gap=100', listeners: 1 });
      await lab.allSpeak();
      const stop = supervise(lab, workers, env);
      const { run } = await lab.start({ model: 'ok:n=5', content: PILL, listeners: 1 });
      await lab.allEnded();
      const deaths = await stop();
      must(deaths <= LIMITS.attemptsMax, `${deaths} workers died of one run`);
      const found = await lab.audit();
      const last = (await lab.log(run.runId)).at(-1);
      must(last?.type === 'run.failed' && last.error.code === 'worker_lost', `the pill ended with ${last?.type}`);
      const figures = mustBeWhole(found);
      must(found.ends['run.completed'] === 9, `bystanders failed: ${JSON.stringify(found.ends)}`);
      return `${deaths} workers died, then ${last.error.code}; ${figures}`;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const POISON_ROWS: readonly Row[] = [
  {
    id: 'P13',
    what: 'a run whose payload kills its worker every time, nine bystanders, one worker',
    run: () => poisoned(1),
  },
];
