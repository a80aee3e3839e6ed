import { openRun } from '#libs/runs';
import { memoryRuns } from '../../../support/memory-runs.js';
import { redisAway } from '../../../support/failing-log.js';
import { runLogWith } from '../../../support/run-log-with.js';
import { runSpec } from '../../../support/run-spec.js';

const nothing = async (): Promise<void> => undefined;
const yes = (): boolean => true;

async function opened(change: Parameters<typeof memoryRuns>[0] = {}) {
  const lab = memoryRuns(change);
  const spec = runSpec({ instance: 'here' });
  await openRun(lab.ports, spec);
  return { ...lab, runId: spec.runId, isOver: async () => (await lab.log.head(spec.runId))?.ended };
}

test('only the last listener who leaves ends a run that nobody wants any more', async () => {
  const { runs, runId, isOver } = await opened();
  await runs.attend(runId, async () => {
    expect(runs.audience.size).toBe(1);
    await runs.attend(runId, nothing, yes);
    expect(await isOver()).toBe(false);
  });
  expect(runs.audience.size).toBe(0);
  expect(await isOver()).toBe(false);
  await runs.attend(runId, nothing, yes);
  expect(await isOver()).toBe(true);
});

test('a run that is followed through another process is left alone', async () => {
  const { runs, log, runId, isOver } = await opened();
  const stop = log.follow(runId);
  await runs.attend(runId, nothing, yes);
  expect(await isOver()).toBe(false);
  stop();
  await runs.attend(runId, nothing, yes);
  expect(await isOver()).toBe(true);
});

test('what a listener throws is thrown, and its run is ended all the same', async () => {
  const { runs, runId, isOver } = await opened();
  const broken = new TypeError('broken');
  await expect(runs.attend(runId, () => Promise.reject(broken), yes)).rejects.toBe(broken);
  expect(await isOver()).toBe(true);
});

test('a run that cannot be cancelled is told of, and the listener leaves in peace', async () => {
  const log = runLogWith({ requestCancel: () => Promise.reject(redisAway()) });
  const { runs, runId, unsettled } = await opened({ log });
  await runs.attend(runId, nothing, yes);
  expect(unsettled).toMatchObject([{ runId, cause: { code: 'queue_unavailable' } }]);
});
