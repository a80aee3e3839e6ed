import type { LoggedEvent } from '#libs/contract';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkLog } from '../support/event-grammar.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { MCP_EXAMPLE, mcpNotes, startHttpExample, type HttpExample, type McpNotes } from '../support/mcp.js';
import { isRunning, pidsIn, untilGone } from '../support/processes.js';
import { startStack, type Stack } from '../support/stack.js';
import { readLogAt } from '../support/read-log.js';
import { until } from '../support/until.js';
import { Workspaces } from '../../libs/tools/src/workspace/workspaces.js';

/** Server tools through the real services: the model is scripted, everything else is as in production. */
let upstream: FakeUpstream;
let stack: Stack;
let folder: string;
let notes: McpNotes;
let http: HttpExample;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  folder = await mkdtemp(join(tmpdir(), 'talaria-tools-'));
  notes = await mcpNotes();
  http = await startHttpExample(await mcpNotes());
  stack = await startStack({
    env: {
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      MODELS_UNKNOWN: 'passthrough',
      WORKSPACE_DIR: join(folder, 'workspaces'),
      MCP_TOKEN: 'mcp-secret',
      SECRET_OF_THE_WORKER: 'sk-canary',
    },
    settings: settings(),
  });
});
afterAll(async () => {
  await stack?.stop();
  await http?.kill();
  await upstream?.stop();
  await Promise.all([rm(folder, { recursive: true, force: true }), notes.remove()]);
});

const settings = (): string => `
agent: { tools: ['file_*', terminal, 'local__*', 'net__echo'] }
approvals: { rules: [{ tool: '*', policy: never }] }
toolsets: [{ name: clock, tools: [current_time] }]
models: [{ name: limited, upstream: openai, model: 'ok:n=1', toolsets: [clock] }]
mcp_servers:
  - { name: local, command: ${process.execPath}, args: [${MCP_EXAMPLE}, stdio, ${notes.file}] }
  - { name: net, url: 'http://127.0.0.1:${http.port}/mcp', token_env: MCP_TOKEN }
`;

const chunk = (delta: object, finish_reason: string | null = null): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason }],
});
const calls = (name: string, args: object): object[] => [
  chunk({
    tool_calls: [
      { index: 0, id: `call_${name}`, type: 'function', function: { name, arguments: JSON.stringify(args) } },
    ],
  }),
  chunk({}, 'tool_calls'),
];
const says = (content: string): object[] => [chunk({ content }), chunk({}, 'stop')];

/** Has the model make these calls, one per step, and then say "done". */
function script(name: string, ...steps: readonly [tool: string, args: object][]): string {
  steps.forEach(([tool, args], i) => upstream.scripts.set(`${name}@${i}`, [...calls(tool, args), 'data: [DONE]\n\n']));
  upstream.scripts.set(`${name}@${steps.length}`, [...says('done'), 'data: [DONE]\n\n']);
  return `script:name=${name}`;
}

const post = (path: string, body: object): Promise<Response> =>
  fetch(`${stack.apis[0]?.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-on-disconnect': 'continue' },
    body: JSON.stringify(body),
  });
const chat = (model: string, more: object = {}): Promise<Response> =>
  post('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'Go.' }], ...more });

const logOf = (runId: string): Promise<LoggedEvent[]> => readLogAt(stack.redis.url, runId);

/** Runs to the end, and gives what the tools answered. */
async function outputsOf(model: string): Promise<string[]> {
  const response = await chat(model);
  expect(response.status).toBe(200);
  expect(((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]?.message.content).toBe(
    'done',
  );
  const log = await logOf(response.headers.get('x-run-id') ?? '');
  expect(checkLog(log)).toEqual([]);
  return log.flatMap((event) => (event.type === 'tool.completed' ? [event.output] : []));
}

test('a run writes a file, searches it and reads it; nothing leads out', async () => {
  const model = script(
    'files',
    ['file_write', { path: 'notes/a.txt', content: 'one\ntwo\n' }],
    ['file_search', { query: 'tw' }],
    ['file_read', { path: 'notes/a.txt', start_line: 2 }],
    ['terminal', { command: 'ln -s / root; env; pwd' }],
    ['file_read', { path: 'root/etc/passwd' }],
  );
  const [written, found, read, shell, escaped] = await outputsOf(model);
  expect([written, found, read]).toEqual([
    'Wrote 8 bytes to notes/a.txt.',
    'notes/a.txt:2: two',
    'two\n[Lines 2 to 2 of 2.]',
  ]);
  expect(shell).toContain(join(folder, 'workspaces'));
  expect(shell).not.toContain('canary');
  expect(escaped).toContain('link');
});

test('MCP tools are called over stdio and over HTTP', async () => {
  const model = script('mcp', ['local__echo', { text: 'near' }], ['net__echo', { text: 'far' }], ['local__env', {}]);
  const [near, far, env] = await outputsOf(model);
  expect([near, far]).toEqual(['echo: near', 'echo: far']);
  expect(env).not.toContain('SECRET_OF_THE_WORKER');
});

test('a run whose terminal is at work is stopped: the run is cancelled, its processes are gone', async () => {
  const command = 'echo $$ > pids; sleep 300 & echo $! >> pids; (setsid sleep 300 & echo $! >> pids); wait';
  const response = await chat(script('sleepy', ['terminal', { command }]), { stream: true });
  const runId = response.headers.get('x-run-id') ?? '';
  const workspaces = new Workspaces(join(folder, 'workspaces'));
  const run = (await (await fetch(`${stack.apis[0]?.url}/v1/runs/${runId}`)).json()) as { session_id: string };
  // Without keys the owner is `local`; a run that names no session belongs to that of its first words.
  const workspace = await workspaces.pathOf({ owner: 'local', runId, sessionId: run.session_id });
  const pids = await pidsIn(join(workspace, 'pids'), 3);
  expect((await Promise.all(pids.map(isRunning))).every(Boolean)).toBe(true);
  expect((await post(`/v1/runs/${runId}/stop`, {})).ok).toBe(true);
  await response.text();
  await untilGone(pids);
  const log = await logOf(runId);
  expect(checkLog(log)).toEqual([]);
  expect(log.at(-1)?.type).toBe('run.cancelled');
});

test('a model that is limited to a toolset is offered that toolset', async () => {
  upstream.reset();
  await (await chat('limited')).text();
  const tools = upstream.requests.at(-1)?.body['tools'] as { function: { name: string } }[];
  expect(tools.map((tool) => tool.function.name)).toEqual(['current_time']);
});

test("a caller's function with the name of a server tool is refused, MCP tools included", async () => {
  const body = (name: string): object => ({
    tools: [
      { type: 'function', function: { name: 'mine' } },
      { type: 'function', function: { name } },
    ],
  });
  const refused = await until(async () => {
    const response = await chat('ok:n=1', body('local__echo'));
    if (response.status === 400) return response;
    // The servers' tools are announced some seconds after the start.
    await response.text();
    return undefined;
  });
  const { error } = (await refused.json()) as { error: object };
  expect(error).toMatchObject({
    code: 'invalid_request',
    param: 'tools[1]',
    message: expect.stringContaining('local__echo'),
  });
  expect((await chat('ok:n=1', body('file_read'))).status).toBe(400);
  expect((await chat('ok:n=1', body('net__fail'))).status).toBe(200);
});

test('a forced function that the model writes down as text is a call, and no content', async () => {
  upstream.scripts.set('written', [
    chunk({ content: '```json\n{"city"' }),
    ...says(': "Bonn"}\n```'),
    'data: [DONE]\n\n',
  ]);
  const parameters = { type: 'object', properties: { city: { type: 'string' } } };
  const response = await chat('script:name=written', {
    tools: [{ type: 'function', function: { name: 'weather', parameters } }],
    tool_choice: { type: 'function', function: { name: 'weather' } },
  });
  expect(await response.json()).toMatchObject({
    choices: [
      {
        finish_reason: 'tool_calls',
        message: { content: null, tool_calls: [{ function: { name: 'weather', arguments: '{"city":"Bonn"}' } }] },
      },
    ],
  });
});

test('when the worker stops, its MCP programs are gone', async () => {
  const pids = await notes.pids(1);
  expect((await Promise.all(pids.map(isRunning))).every(Boolean)).toBe(true);
  await stack.workers[0]?.kill('SIGTERM');
  await untilGone(pids);
});
