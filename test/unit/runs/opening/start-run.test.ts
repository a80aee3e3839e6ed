import { memoryRunQueue } from '#libs/bus';
import type { QueuePlaceRequest, RunDraft, RunQueue } from '#libs/contract';
import { memoryRuns } from '../../../support/memory-runs.js';
import { runSpec } from '../../../support/run-spec.js';

const draft = (fields: Partial<RunDraft> = {}): RunDraft => ({ ...runSpec(), model: null, ...fields });
const model = 'talaria';

test('a run is refused while the queue is full, and nothing of it is left', async () => {
  const room = { queuedMax: 1, waitingMaxOf: () => 9, slots: () => 9 };
  const { runs, log } = memoryRuns({ room });
  await runs.start({ draft: draft(), model, owner: 'alice' });
  const refused = runs.start({ draft: draft(), model, owner: 'alice' });
  await expect(refused).rejects.toMatchObject({ code: 'queue_full', retryAfterSeconds: 5 });
  expect(await log.unconfirmed(Date.now() + 1_000, 9)).toHaveLength(1);
});

test('the place in the queue is asked for with the bound of the key and the lane of the run', async () => {
  const asked: QueuePlaceRequest[] = [];
  const queue: RunQueue = {
    ...memoryRunQueue(),
    place: async (request) => {
      asked.push(request);
      if (request.owner === 'late') return { kind: 'no_memory' };
      return request.owner === 'full' ? { kind: 'full' } : { kind: 'placed', tag: 7 };
    },
  };
  const waitingMaxOf = (owner: string): number => (owner === 'small' ? 2 : 9);
  const { runs } = memoryRuns({ queue, room: { queuedMax: 9, waitingMaxOf, slots: () => 64 } });
  await runs.start({ draft: draft(), model, owner: 'alice' });
  await runs.start({ draft: draft({ background: true }), model, owner: 'small' });
  await runs.start({ draft: draft({ jobId: 'job_1' }), model, owner: 'alice' });
  expect(asked).toEqual([
    { owner: 'alice', lane: 'interactive', waitingMax: 9, slots: 64 },
    { owner: 'small', lane: 'background', waitingMax: 2, slots: 64 },
    { owner: 'alice', lane: 'background', waitingMax: 9, slots: 64 },
  ]);
  const refusal = { code: 'queue_full', retryAfterSeconds: 5 };
  for (const owner of ['full', 'late']) {
    await expect(runs.start({ draft: draft(), model, owner })).rejects.toMatchObject(refusal);
  }
});
