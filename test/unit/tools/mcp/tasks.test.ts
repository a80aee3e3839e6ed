import {
  readTraceparentFrom,
  RunStopped,
  type JsonObject,
  type Tool,
  type ToolContext,
  type ToolResult,
} from '#libs/contract';
import { McpServer } from '../../../../libs/tools/src/mcp/mcp-server.js';
import { LiveTrees } from '../../../../libs/tools/src/processes/live-trees.js';
import { startOddMcp } from '../../../support/odd-mcp.js';
import {
  askingFor,
  doneWith,
  startTaskMcp,
  taskAs,
  type TaskMcp,
  type TaskMcpAnswer,
} from '../../../support/task-mcp.js';
import { use } from '../../../support/tool-lab.js';
import { until } from '../../../support/until.js';

/** Calls that a server answers with the handle of a task (SEP-2663). */
let mcp: TaskMcp;
let live: LiveTrees;
let server: McpServer | undefined;
let kept: JsonObject[];
let shown: string[];

beforeEach(async () => {
  [kept, shown] = [[], []];
  live = new LiveTrees();
  mcp = await startTaskMcp();
});
afterEach(async () => {
  await server?.close();
  await mcp.close();
  await live.close();
});

/** One worker that executes `work`. */
async function work(
  fields: Partial<ToolContext> = {},
  settings: Partial<TaskMcp['settings']> = {},
): Promise<ToolResult> {
  await server?.close();
  server = new McpServer({ ...mcp.settings, ...settings }, { live, log: () => undefined, version: 'test' });
  await server.start();
  const keep = async (handle: JsonObject): Promise<void> => void kept.push(handle);
  const progress = (text: string): void => void shown.push(text);
  return use(server.tools()[0] as Tool, {}, { keep, progress, ...fields });
}

const metaOf = ({ params }: { params: JsonObject }): JsonObject => params['_meta'] as JsonObject;
const UNKNOWN = { output: expect.stringContaining('What the call has done is unknown'), isError: true };

test('a call is answered with a handle: it is kept before it is polled, and the result is as that of a call', async () => {
  mcp.get = (n) => (n < 2 ? taskAs('working', { statusMessage: `step ${n}` }) : doneWith('made'));
  const asked: number[] = [];
  const keep = async (handle: JsonObject): Promise<void> => {
    asked.push(mcp.asked('tasks/get').length);
    kept.push(handle);
  };
  expect(await work({ keep })).toEqual({ output: 'made', isError: false });
  expect(asked).toEqual([0]);
  expect(kept).toEqual([{ kind: 'mcp_task', taskId: 'task-1', until: expect.any(Number) }]);
  expect(shown).toEqual(['step 0', 'step 1']);
  expect(mcp.asked('tools/call')).toHaveLength(1);
  const [call, get] = [mcp.asked('tools/call')[0], mcp.asked('tasks/get')[0]];
  for (const request of [call, get]) {
    expect(metaOf(request as { params: JsonObject })).toMatchObject({
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
    });
  }
  expect(get?.headers).toMatchObject({ 'mcp-method': 'tasks/get', 'mcp-name': 'task-1' });
});

test('the trace stands in the `_meta` of calls and of requests about tasks, and in their headers', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  readTraceparentFrom(() => traceparent);
  mcp.get = () => doneWith('made');
  await work().finally(() => readTraceparentFrom(() => undefined));
  for (const request of [...mcp.asked('tools/call'), ...mcp.asked('tasks/get')]) {
    expect([metaOf(request)['traceparent'], request.headers['traceparent']]).toEqual([traceparent, traceparent]);
  }
});

test.each<[what: string, last: TaskMcpAnswer, output: string]>([
  ['completed with an error', taskAs('completed', { result: { content: [], isError: true } }), '[No content.]'],
  ['failed', taskAs('failed', { error: { code: -32_603, message: 'limit exceeded' } }), 'limit exceeded'],
  ['failed, with a message only', taskAs('failed', { statusMessage: 'no disk' }), 'no disk'],
  ['cancelled', taskAs('cancelled', { statusMessage: 'by an admin' }), 'cancelled the task: by an admin'],
  ['a result that is no result', taskAs('completed', { result: { resultType: 'odd' } }), 'cannot be used'],
  ['a question that no user can answer', taskAs('input_required', { inputRequests: { a: {} } }), 'cannot be given'],
])('the model is told: %s', async (_what, last, output) => {
  mcp.get = () => last;
  expect(await work()).toEqual({ output: expect.stringContaining(output), isError: true });
  expect(mcp.asked('tools/call')).toHaveLength(1);
});

test.each<[what: string, last: TaskMcpAnswer]>([
  ['a task that is unknown, or has expired', { error: { code: -32_602, message: 'Task has expired' } }],
  ['a server that has no tasks any more', { error: { code: -32_601, message: 'no such method' } }],
  ['another task', taskAs('working', { taskId: 'task-2' })],
  ['no status', taskAs('sleeping')],
  ['no result', taskAs('completed')],
])('the outcome is unknown, and the call is not made again: %s', async (_what, last) => {
  mcp.get = () => last;
  expect(await work()).toEqual(UNKNOWN);
  expect(mcp.asked('tools/call')).toHaveLength(1);
});

test.each<[what: string, fields: JsonObject]>([
  ['no id', { taskId: null }],
  ['an empty id', { taskId: '' }],
  ['an id that is too long', { taskId: 'x'.repeat(5_000) }],
  ['no status', { status: null }],
])('a handle that cannot be used: %s', async (_what, fields) => {
  mcp.handle = { ...mcp.handle, ...fields };
  expect(await work()).toEqual(UNKNOWN);
  expect([kept, mcp.asked('tasks/get'), mcp.asked('tools/call').length]).toEqual([[], [], 1]);
});

test.each<[what: string, fields: JsonObject]>([
  ['a negative interval', { pollIntervalMs: -5 }],
  ['an interval that is no number', { pollIntervalMs: 'soon' }],
  ['an enormous lifetime', { ttlMs: Number.MAX_SAFE_INTEGER }],
  ['a lifetime that is over', { ttlMs: -1 }],
  ['no times, and a message that is none', { createdAt: null, lastUpdatedAt: null, statusMessage: 5 }],
])('a handle with a field that is wrong is used: %s', async (_what, fields) => {
  mcp.handle = { ...mcp.handle, ...fields };
  mcp.get = () => doneWith('made');
  expect(await work()).toEqual({ output: 'made', isError: false });
});

test('connections that break, errors of HTTP and internal errors while it polls do not end the task', async () => {
  const failures: TaskMcpAnswer[] = ['drop', 503, 404, { error: { code: -32_603, message: 'try later' } }];
  mcp.get = (n) => failures[n] ?? doneWith('made');
  expect(await work()).toEqual({ output: 'made', isError: false });
  expect(mcp.asked('tools/call')).toHaveLength(1);
});

test('another worker goes on with the handle, and makes no call', async () => {
  const left = new AbortController();
  const first = work({ signal: left.signal });
  await until(async () => mcp.asked('tasks/get').length > 0);
  left.abort(new Error('the run goes on elsewhere'));
  await expect(first).rejects.toThrow('elsewhere');
  mcp.get = () => doneWith('made');
  expect(await work({ handle: kept[0] as JsonObject })).toEqual({ output: 'made', isError: false });
  expect([mcp.asked('tools/call').length, mcp.asked('tasks/cancel').length]).toEqual([1, 0]);
});

test('a run that is stopped ends its task', async () => {
  const stop = new AbortController();
  const first = work({ signal: stop.signal });
  await until(async () => mcp.asked('tasks/get').length > 0);
  stop.abort(new RunStopped('requested'));
  await expect(first).rejects.toThrow('requested');
  await until(async () => mcp.asked('tasks/cancel').length === 1);
  expect(mcp.asked('tasks/cancel')[0]?.params['taskId']).toBe('task-1');
});

test('a task may last longer than a call, and not longer than the time for tasks', async () => {
  const result = await work({}, { taskTimeoutSeconds: 1 });
  expect(result).toEqual({ output: expect.stringContaining('did not finish the task within 1 s'), isError: true });
  await until(async () => mcp.asked('tasks/cancel').length === 1);
});

describe('a task that asks the user', () => {
  /** The context of a worker that has the answers to what the call has asked. */
  const answered = ({ asks }: ToolResult, answers?: JsonObject): Partial<ToolContext> => ({
    handle: kept[0] as JsonObject,
    resume: { state: asks?.state ?? {}, by: 'user', ...(answers && { answers }) },
  });

  test('waits for the answers, which any worker passes on; each question is asked once', async () => {
    mcp.get = () => askingFor('who');
    const asked = await work();
    expect(asked.asks).toMatchObject({ questions: [{ id: 'who', message: 'Who?' }] });
    const before = mcp.asked('tasks/get').length;
    mcp.get = (n) => (n < before + 2 ? askingFor('who') : askingFor('who', 'when'));
    const again = await work(answered(asked, { who: { name: 'Ada' } }));
    expect(again.asks).toMatchObject({ questions: [{ id: 'when' }] });
    mcp.get = () => doneWith('made');
    expect(await work(answered(again))).toEqual({ output: 'made', isError: false });
    expect(mcp.asked('tasks/update').map(({ params }) => params['inputResponses'])).toEqual([
      { who: { action: 'accept', content: { name: 'Ada' } } },
      { when: { action: 'decline' } },
    ]);
    expect(mcp.asked('tools/call')).toHaveLength(1);
  });

  test('and refuses the answers: the model is told', async () => {
    mcp.get = () => askingFor('who');
    const asked = await work();
    mcp.update = () => ({ error: { code: -32_602, message: 'no such name' } });
    const result = await work(answered(asked, { who: {} }));
    expect(result).toEqual({
      output: expect.stringContaining('did not take the answers: no such name'),
      isError: true,
    });
    await until(async () => mcp.asked('tasks/cancel').length === 1);
  });
});

test('a server of an older revision has no tasks: its result is a result', async () => {
  const result = { resultType: 'task', taskId: 'task-1', status: 'working', content: [{ type: 'text', text: 'made' }] };
  const old = await startOddMcp({ list: () => ({ tools: [{ name: 'work' }] }), call: () => result });
  expect(await work({}, old.settings)).toEqual({ output: 'made', isError: false });
  expect([kept, old.asked.filter((method) => method.startsWith('tasks/'))]).toEqual([[], []]);
  await old.close();
});
