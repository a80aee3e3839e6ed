import { ServerTools, type ToolSettings } from '#libs/tools';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { sweepWorkspaces } from '../../../libs/tools/src/workspace/sweep.js';
import { mcpNotes, stdioSettings, type McpNotes } from '../../support/mcp.js';
import { untilGone } from '../../support/processes.js';
import { use, workspaceLab } from '../../support/tool-lab.js';

let folder: string;
let notes: McpNotes;
let said: string[];
const opened: ServerTools[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'talaria-tools-'));
  notes = await mcpNotes();
  said = [];
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((tools) => tools.close()));
  await rm(folder, { recursive: true, force: true });
  await notes.remove();
});

interface Sets {
  readonly everywhere?: readonly string[];
  readonly byKey?: ToolSettings['toolsets']['byKey'];
  readonly byModel?: ToolSettings['toolsets']['byModel'];
}

function open({ everywhere = [], byKey = [], byModel = [] }: Sets, more: Partial<ToolSettings> = {}): ServerTools {
  const toolsets = [
    { name: 'clock', tools: ['current_time'] },
    { name: 'files', tools: ['file_*'] },
    { name: 'shell', tools: ['terminal', 'file_read'] },
    { name: 'lists', tools: ['todo'] },
  ];
  const settings: ToolSettings = {
    fetchAllowedHosts: [],
    workspaceDir: join(folder, 'workspaces'),
    workspaceDaysMax: 30,
    terminalCommand: ['/bin/sh', '-c'],
    terminalPath: '/usr/bin:/bin',
    toolsets: { everywhere, toolsets, byKey, byModel },
    mcpServers: [],
    besideClientTools: 'offer',
    version: 'test',
    ...more,
  };
  const tools = new ServerTools(settings, ({ text }) => said.push(text));
  opened.push(tools);
  return tools;
}

const namesFor = async (tools: ServerTools, owner: string, model: string): Promise<string[]> =>
  (await tools.toolsFor({ owner, models: [[model]], tools: [] })).map(({ name }) => name);
const FILES = ['file_read', 'file_write', 'file_patch', 'file_list', 'file_search'];

test('a request with tools of its own is offered those of the server or not, as the settings say', async () => {
  const run = { owner: 'ann', models: [['m']], tools: [{ name: 'shell' }] };
  const offering = open({ everywhere: ['current_time'] });
  expect((await offering.toolsFor(run)).map(({ name }) => name)).toEqual(['current_time']);
  const omitting = open({ everywhere: ['current_time'] }, { besideClientTools: 'omit' });
  expect(await omitting.toolsFor(run)).toEqual([]);
  expect(await namesFor(omitting, 'ann', 'm')).toEqual(['current_time']);
});

describe('toolsets', () => {
  const sets: Sets = {
    everywhere: ['current_time', 'todo'],
    byKey: [
      { name: 'ops', toolsets: ['shell', 'clock'] },
      { name: 'none', toolsets: [] },
    ],
    byModel: [{ name: 'coder', toolsets: ['files'] }],
  };

  test.each([
    ['neither is limited: the default', 'ann', 'talaria', ['current_time', 'todo']],
    ['the key is limited', 'ops', 'talaria', ['current_time', 'file_read', 'terminal']],
    ['the model is limited', 'ann', 'coder', FILES],
    ['both are limited: what both have', 'ops', 'coder', ['file_read']],
    ['a key with an empty list', 'none', 'coder', []],
  ])('%s', async (_what, owner, model, expected) => {
    expect(await namesFor(open(sets), owner, model)).toEqual(expected);
  });

  test.each([
    ['a stand-in that is limited limits', [[], ['coder']], ['todo']],
    ['what only the stand-in may use is not offered', [['coder'], []], ['todo']],
    ['all entries for one model limit it', [['coder', 'reader']], ['file_read']],
    ['nothing said about models', [], ['current_time', 'todo']],
  ])('of several models: %s', async (_what, models, expected) => {
    const tools = open({
      ...sets,
      byModel: [
        { name: 'coder', toolsets: ['files', 'lists'] },
        { name: 'reader', toolsets: ['shell'] },
      ],
    });
    expect((await tools.toolsFor({ owner: 'ann', models, tools: [] })).map(({ name }) => name)).toEqual(expected);
  });

  test('announced is what somebody may use, and nothing else', () => {
    expect(open(sets).names().sort()).toEqual(['current_time', 'terminal', 'todo', ...FILES].sort());
    expect(open({ everywhere: ['current_time'] }).names()).toEqual(['current_time']);
    expect(open({}).names()).toEqual([]);
  });

  test('a name that no tool has stops the start, in unused toolsets too', () => {
    expect(() => open({ everywhere: ['shell'] })).toThrow("There is no tool 'shell'. Known tools: current_time,");
    expect(() => open({ everywhere: ['example__*'] })).toThrow("There is no tool 'example__*'");
    expect(() => open({ everywhere: ['zip*'] })).toThrow("There is no tool 'zip*'");
  });
});

describe('MCP servers', () => {
  test('the first runs wait for the tools; what no list names is not offered', async () => {
    const tools = open({ everywhere: ['example__e*', 'current_time'] }, { mcpServers: [stdioSettings(notes)] });
    tools.start();
    expect(await namesFor(tools, 'ann', 'talaria')).toEqual(['current_time', 'example__echo', 'example__env']);
    expect(tools.names()).toEqual(['current_time', 'example__echo', 'example__env']);
    await tools.close();
    await untilGone(await notes.pids(1));
  });

  test('a server whose tools are in no list is told', () => {
    open({ everywhere: ['current_time'] }, { mcpServers: [stdioSettings(notes)] });
    expect(said).toEqual([
      'mcp example: its tools are not offered, because no list names them: ' +
        "add 'example__*' to agent.tools (TOOLS) or to a toolset",
    ]);
  });

  test('a server that does not answer holds up the first runs for a while only', async () => {
    const transport = { kind: 'stdio', command: 'sleep', args: ['300'], env: { PATH: '/usr/bin:/bin' } } as const;
    const silent = stdioSettings(notes, { connectTimeoutSeconds: 60, transport });
    const tools = open({ everywhere: ['example__*', 'current_time'] }, { mcpServers: [silent] });
    tools.start();
    expect(await namesFor(tools, 'ann', 'talaria')).toEqual(['current_time']);
    const second = namesFor(tools, 'ann', 'talaria');
    expect(await Promise.race([second, turnOfTheLoop('it waits')])).toEqual(['current_time']);
  });
});

describe('old workspaces', () => {
  test('are removed, those in use are not, and links are not followed', async () => {
    const lab = await workspaceLab();
    const old = await lab.folder();
    const fresh = await lab.workspaces.pathOf({ runId: 'run_2', owner: 'bob' });
    const outside = join(folder, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'a'), '');
    await writeFile(join(old, 'b'), '');
    await symlink(outside, join(old, 'way'));
    const days = (count: number): Date => new Date(Date.now() - count * 86_400_000);
    await utimes(old, days(31), days(31));
    await utimes(fresh, days(29), days(29));
    await sweepWorkspaces(lab.root, 30);
    expect(await readdir(lab.root)).toHaveLength(1);
    expect(await readdir(outside)).toEqual(['a']);
    await lab.remove();
  });

  test('become new by being used', async () => {
    const tools = open({ everywhere: ['file_list'] });
    const [list] = await tools.toolsFor({ owner: 'ann', models: [['m']], tools: [] });
    if (!list) throw new Error('no tool');
    await use(list, {});
    const root = join(folder, 'workspaces');
    const [owner = ''] = await readdir(root);
    const [session = ''] = await readdir(join(root, owner));
    const long = new Date(0);
    await utimes(join(root, owner, session), long, long);
    await use(list, {});
    await sweepWorkspaces(root, 30);
    expect(await readdir(root)).toEqual([owner]);
  });

  test('a root that is not there is empty', async () => {
    await expect(sweepWorkspaces(join(folder, 'nowhere'), 1)).resolves.toBeUndefined();
  });
});
