import type { LoggedEvent } from '#libs/contract';
import { checkLog } from '../support/event-grammar.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { mcpNotes, NEW_MCP_EXAMPLE, startHttpExample, type HttpExample, type McpNotes } from '../support/mcp.js';
import { readLogAt } from '../support/read-log.js';
import { runsClient, type RunsClient } from '../support/runs-client.js';
import { startStack, type Stack } from '../support/stack.js';

/** Questions to the user through the real services: a worker is killed while they wait. */
let upstream: FakeUpstream;
let stack: Stack;
let runs: RunsClient;
let notes: McpNotes;
let http: HttpExample;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  notes = await mcpNotes();
  http = await startHttpExample(notes, 0, { file: NEW_MCP_EXAMPLE });
  const env = { OPENAI_BASE_URL: `${upstream.url}/v1`, MODELS_UNKNOWN: 'passthrough', WORKER_CONCURRENCY: '4' };
  const settings = `
agent: { tools: [clarify, 'net__*'] }
mcp_servers: [{ name: net, url: 'http://127.0.0.1:${http.port}/mcp' }]
`;
  stack = await startStack({ apis: 2, workers: 2, scheduler: true, env, settings });
  runs = runsClient({ apis: () => stack.apis });
});
afterAll(async () => {
  await stack?.stop();
  await http?.kill();
  await upstream?.stop();
  await notes?.remove();
});

const chunk = (delta: object, finish_reason: string | null = null): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason }],
});

/** Has the model call this tool, and then say "done". */
function script(name: string, tool: string, args: object): string {
  const call = {
    index: 0,
    id: `call_${name}`,
    type: 'function',
    function: { name: tool, arguments: JSON.stringify(args) },
  };
  upstream.scripts.set(`${name}@0`, [chunk({ tool_calls: [call] }), chunk({}, 'tool_calls'), 'data: [DONE]\n\n']);
  upstream.scripts.set(`${name}@1`, [chunk({ content: 'done' }), chunk({}, 'stop'), 'data: [DONE]\n\n']);
  return `script:name=${name}`;
}

async function outputOf(runId: string): Promise<string[]> {
  const log: LoggedEvent[] = await readLogAt(stack.redis.url, runId);
  expect(checkLog(log)).toEqual([]);
  return log.flatMap((event) => (event.type === 'tool.completed' ? [event.output] : []));
}

test('a question and its answer survive the end of a worker; bad answers are refused with their place', async () => {
  const asking = await runs.start({ model: script('clarify', 'clarify', { question: 'Which branch?' }), input: 'Go.' });
  const greeting = await runs.start({ model: script('ask', 'net__ask', {}), input: 'Go.' });
  const waiting = await runs.reach(asking, 'waiting_for_approval');
  expect(waiting.approval).toMatchObject({ tool: 'clarify', questions: [{ id: 'answer', message: 'Which branch?' }] });
  await runs.reach(greeting, 'waiting_for_approval');
  await stack.workers[0]?.kill();

  const refused = await runs.approve(greeting, { choice: 'once', answers: { who: { name: 5 } } }, 1);
  expect([refused.status, (refused.body['error'] as { param: string }).param]).toEqual([400, 'answers.who.name']);
  expect((await runs.approve(greeting, { choice: 'once' }, 1)).status).toBe(400);
  expect((await runs.approve(greeting, { choice: 'once', answers: { who: { name: 'Ada' } } }, 1)).status).toBe(200);
  expect((await runs.approve(asking, { choice: 'once', answers: 'main' }, 1)).status).toBe(200);

  expect(await runs.reach(asking, 'completed')).toMatchObject({ output: 'done' });
  expect(await runs.reach(greeting, 'completed')).toMatchObject({ output: 'done' });
  expect(await outputOf(asking)).toEqual(['main']);
  expect(await outputOf(greeting)).toEqual(['Hello Ada, 1.']);
  expect((await notes.lines()).filter((line) => line.startsWith('greeted'))).toHaveLength(1);
});
