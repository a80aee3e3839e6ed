import { memoryWorkerRegistry } from '#libs/bus';
import { GatewayError, type WorkerInfo } from '#libs/contract';
import { createLogger } from '#libs/platform';
import { ModelDirectory } from '../../../../apps/api/src/runs/model-directory.js';

const worker = (id: string, tools: readonly string[]): WorkerInfo => ({
  id,
  version: 'test',
  capacity: 1,
  models: [],
  tools,
  unknownModels: 'reject',
  defaultModel: 'talaria',
});

let directory: ModelDirectory;
afterEach(() => directory.close());

async function open(...workers: readonly WorkerInfo[]): Promise<ModelDirectory> {
  const registry = memoryWorkerRegistry();
  for (const info of workers) await registry.announce(info);
  directory = new ModelDirectory(
    registry,
    { defaultName: 'talaria', aliases: [{ name: 'claude-*', model: 'big' }] },
    createLogger({ service: 'test', level: 'silent', pretty: false }),
  );
  return directory;
}

const refusal = (names: readonly string[]): Promise<unknown> =>
  directory.assertNoServerTool(names.map((name) => ({ name }))).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('names of server tools', () => {
  test('are those of all workers', async () => {
    await open(worker('a', ['current_time', 'b']), worker('c', ['fs__read', 'b']));
    expect(await directory.toolNames()).toEqual(['b', 'current_time', 'fs__read']);
  });

  test('are refused to callers from the first request on, with the place of the tool', async () => {
    await open(worker('a', ['fs__read']));
    const error = await refusal(['mine', 'fs__read']);
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ code: 'invalid_request', param: 'tools[1]' });
    expect(await refusal(['mine', 'fs__READ'])).toBeUndefined();
    expect(await refusal([])).toBeUndefined();
  });

  test('of a worker of an earlier version are not known', async () => {
    const { tools: _none, ...earlier } = worker('a', []);
    await open(earlier as WorkerInfo);
    expect(await directory.toolNames()).toEqual([]);
  });
});

describe('tools that a job names', () => {
  const missing = (names: readonly string[]): Promise<unknown> =>
    directory.assertServerTools(names).then(
      () => undefined,
      (error: unknown) => error,
    );

  test('are those that some worker offers', async () => {
    await open(worker('a', ['current_time']), worker('b', ['fs__read']));
    expect(await missing(['fs__read', 'current_time'])).toBeUndefined();
    const error = await missing(['current_time', 'nope']);
    expect(error).toMatchObject({ code: 'invalid_request', param: 'tools' });
    expect((error as Error).message).toContain('"nope"');
  });

  test('may just have come', async () => {
    const registry = memoryWorkerRegistry();
    await registry.announce(worker('a', ['current_time']));
    const logger = createLogger({ service: 'test', level: 'silent', pretty: false });
    directory = new ModelDirectory(registry, { defaultName: 'talaria' }, logger);
    expect(await missing(['fs__read'])).toBeDefined();
    await registry.announce(worker('b', ['fs__read']));
    expect(await missing(['fs__read'])).toBeUndefined();
  });

  test('may be any while no worker is known, or one does not tell', async () => {
    await open();
    expect(await missing(['nope'])).toBeUndefined();
    directory.close();
    const { tools: _none, ...earlier } = worker('a', []);
    await open(earlier as WorkerInfo, worker('b', ['current_time']));
    expect(await missing(['nope'])).toBeUndefined();
  });
});

describe('a name that clients have built in', () => {
  test('means the model of its alias, unless a worker serves it', async () => {
    const served = { ...worker('a', []), models: ['big', 'claude-own'].map((name) => ({ name, upstream: 'u' })) };
    const models = await open(served);
    expect(await models.resolve('claude-sonnet-5')).toBe('big');
    expect(await models.resolve('claude-own')).toBe('claude-own');
    await expect(models.resolve('gpt-x')).rejects.toMatchObject({ code: 'model_not_found' });
    models.rename([]);
    await expect(models.resolve('claude-sonnet-5')).rejects.toMatchObject({ code: 'model_not_found' });
  });

  test('has the bounds that its worker tells, in the list', async () => {
    const told = { name: 'big', upstream: 'u', contextTokens: 200_000, outputTokens: 64_000 };
    const models = await open({ ...worker('a', []), models: [told] });
    expect(await models.get('big')).toEqual({
      name: 'big',
      ownedBy: 'u',
      contextTokens: 200_000,
      outputTokens: 64_000,
    });
  });
});

describe('a model whose workers have gone', () => {
  const serving = (id: string, ...names: string[]): WorkerInfo => ({
    ...worker(id, []),
    models: names.map((name) => ({ name, upstream: 'u' })),
  });
  const rows = (...heard: [WorkerInfo, number][]) => heard.map(([info, silentMs]) => ({ info, silentMs }));
  const over = (list: ReturnType<typeof rows>): ModelDirectory => {
    const logger = createLogger({ service: 'test', level: 'silent', pretty: false });
    return (directory = new ModelDirectory(
      { list: async () => list },
      { defaultName: 'talaria', rememberedSeconds: 60 },
      logger,
    ));
  };
  const unknown = { code: 'model_not_found' };

  test('is queued for a while beside others that live, then unknown', async () => {
    const models = over(
      rows([serving('a', 'old'), 1_000], [serving('b', 'new'), 50_000], [serving('c', 'older'), 70_000]),
    );
    expect(await models.resolve('new')).toBe('new');
    await expect(models.resolve('older')).rejects.toMatchObject(unknown);
    expect(models.slots).toBe(1);
  });

  test('is queued for a day while nobody lives, however the last worker left', async () => {
    const registry = memoryWorkerRegistry();
    await registry.announce(serving('a', 'fast'));
    await registry.leave('a');
    const models = over([...(await registry.list())]);
    expect(await models.resolve('fast')).toBe('fast');
    await expect(models.resolve('never')).rejects.toMatchObject(unknown);
    expect([models.workersAlive, models.slots]).toEqual([0, 0]);
  });

  test('is queued for a day, too, while those that live have no model at all', async () => {
    const models = over(rows([serving('a'), 1_000], [serving('b', 'fast'), 3_600_000]));
    expect(await models.resolve('fast')).toBe('fast');
  });

  test('a worker that has missed a heartbeat offers no free place', async () => {
    const models = over(rows([serving('a', 'm'), 1_000], [serving('b', 'm'), 9_000]));
    await models.resolve('m');
    expect([models.workersAlive, models.slots]).toEqual([2, 1]);
  });
});

test('every look at the workers is told, with those that have a model, and so is one that fails', async () => {
  const told: unknown[] = [];
  const registry = memoryWorkerRegistry();
  const error = { code: 'upstream_unreachable', message: 'far' } as const;
  const served = { ...worker('a', []), models: [{ name: 'm', upstream: 'u' }] };
  await registry.announce(served);
  await registry.announce({ ...served, id: 'b', models: [], upstreams: [{ name: 'u', models: 0, error }] });
  await registry.announce({ ...served, id: 'c', capacity: 0 });
  let isAway = false;
  directory = new ModelDirectory(
    { list: () => (isAway ? Promise.reject(new GatewayError('queue_unavailable', 'away')) : registry.list()) },
    { defaultName: 'talaria' },
    createLogger({ service: 'test', level: 'silent', pretty: false }),
    { looked: (seen) => void told.push(seen), lookFailed: () => void told.push('failed') },
  );
  await directory.toolNames();
  isAway = true;
  await expect(directory.resolve('odd')).rejects.toMatchObject({ code: 'queue_unavailable' });
  expect(told).toEqual([{ alive: 3, able: 1, failure: error, isCertain: false }, 'failed']);
});

test.each([
  [true, false],
  [false, true],
])('a model is priced only when every worker that serves it has its price: %p, %p', async (...priced) => {
  const workers = priced.map((isPriced, i) => ({
    ...worker(`w${i}`, []),
    models: [
      { name: 'some', upstream: 'u', ...(isPriced && { isPriced: true as const }) },
      { name: 'all', upstream: 'u', isPriced: true as const },
    ],
  }));
  await open(...(workers as unknown as WorkerInfo[]));
  await expect(directory.assertPriced('some', 'max_cost')).rejects.toMatchObject({ param: 'max_cost' });
  await expect(directory.assertPriced('all', 'max_cost')).resolves.toBeUndefined();
});
