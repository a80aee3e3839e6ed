import { checkLog } from '../support/event-grammar.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { Redis } from 'ioredis';
import type { LoggedEvent } from '#libs/contract';
import { readChat } from '../support/chat-stream.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';
import { readLogAt } from '../support/read-log.js';
import { storedRun } from '../support/stored-run.js';

/** What happens to runs when processes die: the real services, kill -9. */
let upstream: FakeUpstream;
let stack: Stack;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const env = { OPENAI_BASE_URL: `${upstream.url}/v1`, MODELS_UNKNOWN: 'passthrough', TOOLS: '' };
  stack = await startStack({ apis: 2, workers: 2, scheduler: true, env });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

const url = (path: string, replica = 0): string => `${stack.apis[replica]?.url}${path}`;

async function start(model: string): Promise<{ runId: string; text: Promise<string> }> {
  const response = await fetch(url('/v1/chat/completions'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-on-disconnect': 'continue' },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Go.' }] }),
  });
  expect(response.status).toBe(200);
  return { runId: response.headers.get('x-run-id') ?? '', text: response.text() };
}

interface RunView {
  readonly status: string;
  readonly attempt: number;
  readonly output: string;
}
const view = async (runId: string): Promise<RunView> =>
  (await (await fetch(url(`/v1/runs/${runId}`, 1))).json()) as RunView;

const logOf = (runId: string): Promise<LoggedEvent[]> => readLogAt(stack.redis.url, runId);

/** The worker process that took this run up; its id holds its pid. */
async function workerOf(runId: string, workers = stack.workers): Promise<Service> {
  const started = (await logOf(runId)).find((event) => event.type === 'run.started');
  const id = started?.type === 'run.started' ? started.worker : '';
  const worker = workers.find(({ pid }) => id.includes(`-${pid}-`));
  if (!worker) throw new Error(`no worker has run ${runId}`);
  return worker;
}

let replaced: Service[] = [];

/** Two new workers instead of all that there are. */
async function onlyTwoWorkers(env: Record<string, string>): Promise<Service[]> {
  const two = await Promise.all([stack.start('worker', env), stack.start('worker', env)]);
  // One that has ended already is told in vain.
  await Promise.all([...stack.workers, ...replaced].map((worker) => worker.kill('SIGTERM')));
  replaced = two;
  return two;
}

/** What is written into a silence. */
const KEEPALIVE = /^:.*\n\n/gm;

test('a worker that is killed loses its runs to another one, and every run ends once', async () => {
  // Half of them with a model that says the same when it is asked again, half with one that does not.
  const models = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 'ok:n=60,gap=100' : 'ok:n=60,gap=100,vary=1'));
  const runs = await Promise.all(models.map((model) => start(model)));
  await until(async () => (await Promise.all(runs.map(({ runId }) => view(runId)))).every((run) => run.output !== ''));
  const victim = await workerOf(runs[0]?.runId ?? '');
  await victim.kill('SIGKILL');
  const ended = async (): Promise<boolean> => {
    const views = await Promise.all(runs.map(({ runId }) => view(runId)));
    return views.every((run) => run.status === 'completed');
  };
  await until(ended, { ms: 45_000, everyMs: 250, what: 'all runs to be completed' });
  const attempts: number[] = [];
  for (const { runId } of runs) {
    const log = await logOf(runId);
    expect(checkLog(log)).toEqual([]);
    attempts.push((await view(runId)).attempt);
  }
  expect(attempts[0]).toBeGreaterThan(1);
  for (const [i, { text }] of runs.entries()) {
    const { content, finish, error } = readChat((await text).replaceAll(KEEPALIVE, ''));
    const whole = Array.from({ length: 60 }, (_, n) => `word${n} `).join('');
    if (models[i]?.endsWith('vary=1') && (attempts[i] ?? 0) > 1) {
      // Another text had been shown: such a stream says so, and never ends like a whole one.
      expect([finish, error?.['code']]).toEqual([null, 'worker_lost']);
    } else {
      expect([finish, error]).toEqual(['stop', null]);
      expect(content.endsWith(whole)).toBe(true);
      if (!models[i]?.endsWith('vary=1')) expect(content).toBe(whole);
    }
  }
});

test('SIGTERM hands the runs of a worker over at once', async () => {
  const two = await onlyTwoWorkers({ DRAIN_SECONDS: '0' });
  const { runId } = await start('ok:n=40,gap=100');
  await until(async () => (await view(runId)).output !== '');
  const owner = await workerOf(runId, two);
  await owner.kill('SIGTERM');
  await until(async () => (await view(runId)).attempt === 2, { ms: 5_000 });
  await until(async () => (await view(runId)).status === 'completed', { ms: 20_000 });
  expect(checkLog(await logOf(runId))).toEqual([]);
});

test('a worker that leaves hands a run over between two steps, long before its time to drain is over', async () => {
  const two = await onlyTwoWorkers({ DRAIN_SECONDS: '600', TOOLS: 'current_time' });
  const { runId } = await start('toolloop:first=300');
  const completed = async (): Promise<number> =>
    (await logOf(runId)).filter((event) => event.type === 'step.completed').length;
  await until(async () => (await completed()) > 1);
  await (await workerOf(runId, two)).kill('SIGTERM');
  const before = await completed();
  await until(async () => (await view(runId)).attempt === 2);
  await until(async () => (await completed()) > before);
  await fetch(url(`/v1/runs/${runId}/stop`), { method: 'POST' });
  await until(async () => (await view(runId)).status === 'cancelled');
  const log = await logOf(runId);
  expect(checkLog(log)).toEqual([]);
  expect(log.filter((event) => event.type === 'step.interrupted')).toEqual([]);
});

test('rows reach the store, and answer when the log has expired', async () => {
  const { runId, text } = await start('ok:n=5,gap=1');
  await text;
  const before = await view(runId);
  expect(before.status).toBe('completed');
  await until(async () => (await storedRun(stack.store.url, runId)) !== undefined);
  const redis = new Redis(stack.redis.url);
  await until(async () => (await redis.ttl(`talaria:{${runId}}:meta`)) > 0);
  await redis.del(`talaria:{${runId}}:log`, `talaria:{${runId}}:meta`);
  redis.disconnect();
  expect(await view(runId)).toEqual(before);
});
