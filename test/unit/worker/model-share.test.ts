import { memoryWorkerRegistry } from '#libs/bus';
import type { WorkerInfo } from '#libs/contract';
import { ModelShare } from '../../../apps/worker/src/models/model-share.js';

const info = (id: string, models: readonly string[], more: Partial<WorkerInfo> = {}): WorkerInfo => ({
  id,
  version: '1',
  capacity: 4,
  models: models.map((name) => ({ name, upstream: 'u' })),
  tools: [],
  unknownModels: 'reject',
  defaultModel: 'talaria',
  ...more,
});

/** The share of a worker that has `own`, beside these others. */
async function shareOf(own: readonly string[], others: readonly WorkerInfo[] = [], specModel?: string) {
  const registry = memoryWorkerRegistry();
  for (const other of others) await registry.announce(other);
  await registry.announce(info('me', own));
  const clock = { now: 1_000_000, reads: 0 };
  const share = new ModelShare({
    workerId: 'me',
    registry: { list: () => (clock.reads++, registry.list()) },
    log: { spec: async () => (specModel === undefined ? undefined : ({ model: specModel } as never)) },
    serves: (model) => own.includes(model),
    waitSeconds: 60,
    now: () => clock.now,
  });
  return { share, clock };
}

test('what this worker has is taken without a look at anything', async () => {
  const { share, clock } = await shareOf(['fast']);
  expect(share.handOnMs({ runId: 'r', model: 'fast' })).toBeUndefined();
  expect(clock.reads).toBe(0);
});

test('what another living worker has is handed on, more rarely with each miss, and the list is read once', async () => {
  const { share, clock } = await shareOf(['fast'], [info('other', ['new'])]);
  const waits = [0, 1, 2, 30].map((misses) => share.handOnMs({ runId: 'r', model: 'new', misses }));
  const told: (number | undefined)[] = [];
  for (const wait of waits) told.push(await wait);
  expect(told).toEqual([20, 40, 80, 1_000]);
  expect(clock.reads).toBe(1);
});

test('a worker that takes any name counts only while it has a model', async () => {
  const any = { unknownModels: 'default' } as const;
  const { share } = await shareOf([], [info('able', ['fast'], any)]);
  expect(await share.handOnMs({ runId: 'r', model: 'odd' })).toBe(20);
  const { share: alone } = await shareOf(['fast'], [info('empty', [], any)]);
  expect(await alone.handOnMs({ runId: 'r', model: 'odd' })).toBe(1_000);
});

test('a worker that passes every name on counts without a list, too', async () => {
  const { share } = await shareOf(['fast'], [info('open', [], { unknownModels: 'passthrough' })]);
  expect(await share.handOnMs({ runId: 'r', model: 'odd' })).toBe(20);
});

test('what nobody has waits for its time and is then taken, to end with the error that says why', async () => {
  const { share, clock } = await shareOf(['fast'], [info('other', ['fast'])]);
  const unservedSince = clock.now;
  expect(await share.handOnMs({ runId: 'r', model: 'gone' })).toBe(1_000);
  clock.now += 59_000;
  expect(await share.handOnMs({ runId: 'r', model: 'gone', unservedSince })).toBe(1_000);
  clock.now += 2_000;
  expect(await share.handOnMs({ runId: 'r', model: 'gone', unservedSince })).toBeUndefined();
});

test('the model of a job that does not name it is looked up; a run that is gone is taken', async () => {
  const other = [info('other', ['new'])];
  expect(await (await shareOf(['fast'], other, 'new')).share.handOnMs({ runId: 'r' })).toBe(20);
  expect(await (await shareOf(['fast'], other, 'fast')).share.handOnMs({ runId: 'r' })).toBeUndefined();
  expect(await (await shareOf(['fast'], other)).share.handOnMs({ runId: 'r' })).toBeUndefined();
});
