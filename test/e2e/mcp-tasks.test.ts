import type { LoggedEvent } from '#libs/contract';
import { checkLog } from '../support/event-grammar.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { readLogAt } from '../support/read-log.js';
import { runsClient, type RunsClient } from '../support/runs-client.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { askingFor, doneWith, startTaskMcp, taskAs, type TaskMcp } from '../support/task-mcp.js';
import { until } from '../support/until.js';

/** Tasks of an MCP server through the real services: workers are killed while they poll and while the user is asked. */
let upstream: FakeUpstream;
let mcp: TaskMcp;
let stack: Stack;
let runs: RunsClient;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  mcp = await startTaskMcp();
  const env = { OPENAI_BASE_URL: `${upstream.url}/v1`, MODELS_UNKNOWN: 'passthrough', WORKER_CONCURRENCY: '4' };
  const settings = `
agent: { tools: ['net__*'] }
mcp_servers: [{ name: net, url: 'http://127.0.0.1:${mcp.port}/mcp' }]
`;
  stack = await startStack({ apis: 1, workers: 2, scheduler: true, env, settings });
  runs = runsClient({ apis: () => stack.apis });
});
afterAll(async () => {
  await stack?.stop();
  await mcp?.close();
  await upstream?.stop();
});

const chunk = (delta: object, finish_reason: string | null = null): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason }],
});

/** Has the model call the server's tool, and then say "done". */
function script(name: string): string {
  const call = { index: 0, id: `call_${name}`, type: 'function', function: { name: 'net__work', arguments: '{}' } };
  upstream.scripts.set(`${name}@0`, [chunk({ tool_calls: [call] }), chunk({}, 'tool_calls'), 'data: [DONE]\n\n']);
  upstream.scripts.set(`${name}@1`, [chunk({ content: 'done' }), chunk({}, 'stop'), 'data: [DONE]\n\n']);
  return `script:name=${name}`;
}

const logOf = (runId: string): Promise<LoggedEvent[]> => readLogAt(stack.redis.url, runId);

/** The worker that took the run up last; its id holds its pid. */
async function workerOf(runId: string, workers: readonly Service[]): Promise<Service> {
  const started = (await logOf(runId)).findLast((event) => event.type === 'run.started');
  const id = started?.type === 'run.started' ? started.worker : '';
  const worker = workers.find(({ pid }) => id.includes(`-${pid}-`));
  if (!worker) throw new Error(`no worker has run ${runId}`);
  return worker;
}

const outputs = (log: readonly LoggedEvent[]): string[] =>
  log.flatMap((event) => (event.type === 'tool.completed' ? [event.output] : []));

test('a task survives the workers that poll it and that ask the user for it; the server sees one call', async () => {
  const runId = await runs.start({ model: script('task'), input: 'Go.' });
  await until(async () => mcp.asked('tasks/get').length >= 2);
  await (await workerOf(runId, stack.workers)).kill('SIGKILL');
  const seen = mcp.asked('tasks/get').length;
  const third = await stack.start('worker');
  await until(async () => mcp.asked('tasks/get').length > seen);

  mcp.get = () => askingFor('who');
  await runs.reach(runId, 'waiting_for_approval');
  await (await workerOf(runId, [...stack.workers, third])).kill('SIGKILL');
  mcp.get = () => (mcp.asked('tasks/update').length > 0 ? doneWith('made') : askingFor('who'));
  const answer = { choice: 'once', answers: { who: { name: 'Ada' } } };
  expect((await runs.approve(runId, answer, 0)).status).toBe(200);
  expect(await runs.reach(runId, 'completed')).toMatchObject({ output: 'done' });

  const log = await logOf(runId);
  expect(checkLog(log)).toEqual([]);
  expect(outputs(log)).toEqual(['made']);
  expect(mcp.asked('tools/call')).toHaveLength(1);
  expect(mcp.asked('tasks/update').map(({ params }) => params['inputResponses'])).toEqual([
    { who: { action: 'accept', content: { name: 'Ada' } } },
  ]);
  expect(mcp.asked('tasks/cancel')).toHaveLength(0);
});

test('a run that is stopped ends its task', async () => {
  mcp.get = () => taskAs('working');
  const seen = mcp.asked('tasks/get').length;
  const runId = await runs.start({ model: script('stop'), input: 'Go.' });
  await until(async () => mcp.asked('tasks/get').length > seen);
  const response = await fetch(`${stack.apis[0]?.url}/v1/runs/${runId}/stop`, { method: 'POST' });
  expect(response.status).toBeLessThan(300);
  await runs.reach(runId, 'cancelled');
  await until(async () => mcp.asked('tasks/cancel').length === 1);
});
