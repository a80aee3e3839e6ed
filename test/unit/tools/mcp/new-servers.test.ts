import type { JsonObject, Tool, ToolContext, ToolResult, ToolResume } from '#libs/contract';
import { McpServer } from '../../../../libs/tools/src/mcp/mcp-server.js';
import type { McpServerSettings } from '../../../../libs/tools/src/mcp/mcp-settings.js';
import { LiveTrees } from '../../../../libs/tools/src/processes/live-trees.js';
import {
  mcpNotes,
  NEW_MCP_EXAMPLE,
  startHttpExample,
  stdioSettings,
  type HttpExample,
  type McpNotes,
} from '../../../support/mcp.js';
import { use } from '../../../support/tool-lab.js';
import { until } from '../../../support/until.js';

/** Servers that speak revision 2026-07-28 and nothing older. */
let notes: McpNotes;
let live: LiveTrees;
let server: McpServer | undefined;
let http: HttpExample | undefined;
let said: string[];

beforeEach(async () => {
  notes = await mcpNotes();
  live = new LiveTrees();
  said = [];
});
afterEach(async () => {
  await server?.close();
  await http?.kill();
  await live.close();
  [server, http] = [undefined, undefined];
  await notes.remove();
});

async function open(settings: McpServerSettings): Promise<void> {
  const log = (event: { level: string; text: string }): void => void said.push(`${event.level}: ${event.text}`);
  server = new McpServer(settings, { live, log, version: 'test' });
  await server.start();
}

const names = (): string[] => server?.tools().map(({ name }) => name) ?? [];
const call = (name: string, args: JsonObject = {}, fields: Partial<ToolContext> = {}): Promise<ToolResult> =>
  use(server?.tools().find((tool) => tool.name === `example__${name}`) as Tool, args, fields);
const count = async (line: string): Promise<number> => (await notes.lines()).filter((note) => note === line).length;

/** The state of a call that asked, and the answer to it. */
const resumeOf = (asked: ToolResult, answers?: JsonObject): { resume: ToolResume } => ({
  resume: { state: asked.asks?.state ?? {}, by: 'user', ...(answers && { answers }) },
});

describe.each(['stdio', 'http'] as const)('a server over %s', (kind) => {
  const settingsOf = async (): Promise<McpServerSettings> => {
    if (kind === 'http') return (http = await startHttpExample(notes, 0, { file: NEW_MCP_EXAMPLE })).settings;
    const env = { PATH: process.env['PATH'] ?? '' };
    const args = [NEW_MCP_EXAMPLE, 'stdio', notes.file];
    return stdioSettings(notes, { transport: { kind: 'stdio', command: process.execPath, args, env } });
  };

  test('offers its tools in the order of their names, and answers', async () => {
    await open(await settingsOf());
    const all = ['ant', 'ask', 'echo', 'grow', 'refuse', 'zebra'];
    expect(names()).toEqual(all.map((name) => `example__${name}`));
    expect(said.filter((line) => !line.startsWith('debug'))).toEqual(['info: mcp example: 6 tools offered']);
    expect(await call('echo', { text: 'x' })).toEqual({ output: 'echo: x', isError: false });
    expect(await call('refuse')).toEqual({ output: expect.stringContaining('no such thing'), isError: true });
  });

  test('asks the user; the call goes on with the answers, made by another worker', async () => {
    await open(await settingsOf());
    const asked = await call('ask');
    expect(asked.asks).toMatchObject({
      questions: [{ id: 'who', message: 'Who is it for?', schema: { required: ['name'] } }],
      state: { ids: ['who'], requestState: expect.stringMatching(/^state-/) },
    });
    await server?.close();
    await open(http?.settings ?? (await settingsOf()));
    expect(await call('ask', {}, resumeOf(asked, { who: { name: 'Ada' } }))).toEqual({
      output: 'Hello Ada, 1.',
      isError: false,
    });
    expect(await call('ask', {}, resumeOf(asked))).toEqual({ output: 'no name: decline', isError: false });
    const greeted = (await notes.lines()).filter((line) => line.startsWith('greeted'));
    expect(greeted).toEqual([`greeted Ada ${String(asked.asks?.state['requestState'])}`]);
  });

  test('is asked for its list once while that is fresh', async () => {
    await open(await settingsOf());
    for (let i = 0; i < 20; i += 1) await call('echo', { text: 'x' });
    expect(await count('asked tools/list')).toBe(1);
  });
});

test('a list that is too old is asked for again in the background', async () => {
  http = await startHttpExample(notes, 0, { file: NEW_MCP_EXAMPLE, env: { TTL_MS: '1000' } });
  await open(http.settings);
  await until(async () => {
    expect(names()).toContain('example__ant');
    return (await count('asked tools/list')) >= 2;
  });
});

test('a server on the network that says its tools have changed is asked for them', async () => {
  http = await startHttpExample(notes, 0, { file: NEW_MCP_EXAMPLE });
  await open(http.settings);
  // The subscription is made beside the first calls.
  await until(async () => {
    await call('grow');
    return names().includes('example__grown');
  });
  expect(await call('grown')).toEqual({ output: 'grown', isError: false });
});

test('a server that was away is used again, also when it has become one of the older generation', async () => {
  http = await startHttpExample(notes, 0, { file: NEW_MCP_EXAMPLE });
  const { port } = http;
  await open(http.settings);
  await http.kill();
  expect((await call('echo')).isError).toBe(true);
  http = await startHttpExample(notes, port);
  await until(async () => !(await call('echo', { text: 'x' })).isError);
  expect(names()).toContain('example__die');
});
