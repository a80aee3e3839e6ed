import { memoryWorkerRegistry } from '#libs/bus';
import type { WorkerInfo } from '#libs/contract';
import { announce } from '../../../apps/worker/src/announcement.module.js';
import { until } from '../../support/until.js';

test('a model that is found between two heartbeats is announced at once, and nothing when all is as before', async () => {
  const memory = memoryWorkerRegistry();
  const told: string[][] = [];
  const registry = {
    ...memory,
    announce: (info: WorkerInfo) => (told.push(info.models.map(({ name }) => name)), memory.announce(info)),
  };
  let models: WorkerInfo['models'] = [];
  let changed = (): void => undefined;
  const leave = announce({
    registry,
    info: () => ({
      id: 'w',
      version: 'test',
      capacity: 1,
      models,
      tools: [],
      unknownModels: 'reject',
      defaultModel: 'talaria',
    }),
    discover: () => new Promise(() => undefined),
    discoverAway: async () => false,
    watch: (listener) => ((changed = listener), listener()),
    onError: () => undefined,
  });
  models = [{ name: 'found', upstream: 'u' }];
  changed();
  changed();
  await until(async () => (await memory.list())[0]?.info.models.length === 1);
  expect(told).toEqual([[], ['found']]);
  await leave();
});
