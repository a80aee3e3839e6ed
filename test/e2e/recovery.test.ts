import { checkLog } from '../support/event-grammar.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { Redis } from 'ioredis';
import type { LoggedEvent } from '#libs/contract';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** What happens to runs when processes die: the real services, kill -9. */
let upstream: FakeUpstream;
let stack: Stack;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const env = { OPENAI_BASE_URL: `${upstream.url}/v1`, MODELS_UNKNOWN: 'passthrough', TOOLS: '' };
  stack = await startStack({ apis: 2, workers: 2, scheduler: true, env });
});
afterAll(async () => {
  await stack.stop();
  await upstream.stop();
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

async function logOf(runId: string): Promise<LoggedEvent[]> {
  const redis = new Redis(stack.redis.url);
  const rows = await redis.xrange(`talaria:{${runId}}:log`, '-', '+');
  redis.disconnect();
  return rows.map(([, fields]) => JSON.parse(fields[1] ?? '') as LoggedEvent);
}

test('a worker that is killed loses its runs to another one, and every run ends once', async () => {
  const runs = await Promise.all(Array.from({ length: 6 }, () => start('ok:n=60,gap=100')));
  await until(async () => (await Promise.all(runs.map(({ runId }) => view(runId)))).every((run) => run.output !== ''));
  await stack.workers[0]?.kill('SIGKILL');
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
  // Some were on the killed worker and some were not.
  expect(Math.max(...attempts)).toBeGreaterThan(1);
  for (const [i, { text }] of runs.entries()) {
    const stream = await text;
    // Text of a broken step had been shown: such a stream says so, and never ends like a whole one.
    if ((attempts[i] ?? 0) > 1) expect(stream).toContain('"code":"worker_lost"');
    else expect(stream).toContain('"finish_reason":"stop"');
    expect(stream.match(/data: \[DONE\]/g)).toHaveLength(1);
  }
}, 90_000);

test('SIGTERM hands the runs of a worker over at once', async () => {
  const spare = await stack.start('worker', { DRAIN_SECONDS: '0' });
  await stack.workers[1]?.kill('SIGTERM');
  const { runId } = await start('ok:n=40,gap=100');
  await until(async () => (await view(runId)).output !== '');
  const other = await stack.start('worker');
  const stopped = Date.now();
  await spare.kill('SIGTERM');
  await until(async () => (await view(runId)).attempt === 2, { ms: 5_000 });
  expect(Date.now() - stopped).toBeLessThan(5_000);
  await until(async () => (await view(runId)).status === 'completed', { ms: 20_000 });
  expect(checkLog(await logOf(runId))).toEqual([]);
  expect(other.pid).toBeGreaterThan(0);
}, 60_000);

test('rows reach the store, and answer when the log has expired', async () => {
  const { runId, text } = await start('ok:n=5,gap=1');
  await text;
  const before = await view(runId);
  expect(before.status).toBe('completed');
  await until(async () => (await fetch(`${stack.store.url}/internal/runs/${runId}`)).ok);
  const redis = new Redis(stack.redis.url);
  await until(async () => (await redis.ttl(`talaria:{${runId}}:meta`)) > 0);
  await redis.del(`talaria:{${runId}}:log`, `talaria:{${runId}}:meta`);
  redis.disconnect();
  expect(await view(runId)).toEqual(before);
});
