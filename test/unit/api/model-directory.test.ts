import { memoryWorkerRegistry, type WorkerInfo } from '#libs/bus';
import { GatewayError } from '#libs/contract';
import { createLogger } from '#libs/platform';
import { ModelDirectory } from '../../../apps/api/src/runs/model-directory.js';

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
    'talaria',
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
