import type { JsonObject, Tool, ToolContext, ToolResult } from '#libs/contract';
import { text } from 'node:stream/consumers';
import { McpServer } from '../../../../libs/tools/src/mcp/mcp-server.js';
import { MCP_LIMITS, type McpServerSettings } from '../../../../libs/tools/src/mcp/mcp-settings.js';
import { LiveTrees } from '../../../../libs/tools/src/processes/live-trees.js';
import { soon } from '../../../support/hang.js';
import { mcpNotes, startHttpExample, stdioSettings, type HttpExample, type McpNotes } from '../../../support/mcp.js';
import { startHttpServer } from '../../../support/http-server.js';
import { isRunning, untilGone } from '../../../support/processes.js';
import { use } from '../../../support/tool-lab.js';
import { until } from '../../../support/until.js';

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

async function open(settings: McpServerSettings): Promise<McpServer> {
  const log = (event: { level: string; text: string }): void => void said.push(`${event.level}: ${event.text}`);
  server = new McpServer(settings, { live, log, version: 'test' });
  await server.start();
  return server;
}

const toolOf = (name: string): Tool => {
  const tool = server?.tools().find((found) => found.name === name);
  if (!tool)
    throw new Error(
      `no tool ${name} among ${server
        ?.tools()
        .map((found) => found.name)
        .join()}`,
    );
  return tool;
};
const call = (name: string, args: JsonObject = {}, fields: Partial<ToolContext> = {}): Promise<ToolResult> =>
  use(toolOf(`example__${name}`), args, fields);

describe.each(['stdio', 'http'] as const)('a server over %s', (kind) => {
  const settingsOf = async (fields: Partial<McpServerSettings> = {}): Promise<McpServerSettings> => {
    if (kind === 'stdio') return stdioSettings(notes, fields);
    http = await startHttpExample(notes);
    return { ...http.settings, ...fields };
  };

  test('has its tools offered under its name, and told what cannot be', async () => {
    await open(await settingsOf());
    const names = server?.tools().map(({ name }) => name) ?? [];
    expect(names).toContain('example__echo');
    expect(names.filter((name) => name.includes('a_b'))).toEqual(['example__a_b']);
    expect(names.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name))).toBe(true);
    expect(said.filter((line) => line.startsWith('warn'))).toEqual([
      `warn: mcp example: the tool "a.b" is left out: another tool is offered as 'example__a_b'`,
    ]);
    expect(toolOf('example__echo')).toMatchObject({
      description: 'Says it again.',
      parameters: { type: 'object', properties: { text: { type: 'string' } } },
      idempotent: true,
      approval: 'always',
    });
    expect(toolOf('example__die').idempotent).toBe(false);
  });

  test('answers', async () => {
    await open(await settingsOf());
    expect(await call('echo', { text: 'Grüße' })).toEqual({ output: 'echo: Grüße', isError: false });
    expect(await call('a_b')).toEqual({ output: 'spaced', isError: false });
    expect(await call('fail')).toEqual({ output: 'it went wrong', isError: true });
    expect(await call('refuse')).toEqual({ output: expect.stringContaining('no such thing'), isError: true });
    expect(await call('picture')).toEqual({
      output: '[image, image/png, 3 bytes]',
      images: ['data:image/png;base64,AAAA'],
      isError: false,
    });
  });

  test('has only the tools of the allow-list', async () => {
    await open(await settingsOf({ tools: ['echo', 'f*'] }));
    expect(server?.tools().map(({ name }) => name)).toEqual(['example__echo', 'example__fail']);
  });

  test('that says its tools have changed is asked for them', async () => {
    await open(await settingsOf());
    await call('grow');
    await until(() => server?.tools().some(({ name }) => name === 'example__grown'));
    expect(await call('grown')).toEqual({ output: 'grown', isError: false });
  });

  test('shows progress, and is told when a call is given up', async () => {
    await open(await settingsOf());
    const shown: string[] = [];
    const abort = new AbortController();
    const result = call('slow', {}, { signal: abort.signal, progress: (text) => shown.push(text) });
    await until(() => shown.length > 0);
    expect(shown).toEqual(['half way']);
    const reason = new Error('stop');
    abort.abort(reason);
    await expect(result).rejects.toBe(reason);
    await until(async () => (await notes.lines()).includes('slow cancelled'));
    expect((await call('echo', { text: 'x' })).isError).toBe(false);
  });

  test('that is slow fails the call, is told so, and stays', async () => {
    await open(await settingsOf({ timeoutSeconds: 1 }));
    expect(await call('slow')).toEqual({
      output: "The MCP server 'example' did not answer within 1 s.",
      isError: true,
    });
    await until(async () => (await notes.lines()).includes('slow cancelled'));
    // On a busy machine its next answer may need more than the second, too.
    await until(async () => !(await call('echo', { text: 'x' })).isError);
    expect(await notes.pids(1)).toHaveLength(1);
  });

  test('that answers too much fails the call', async () => {
    await open(await settingsOf({ timeoutSeconds: 2 }));
    expect(await call('big')).toMatchObject({ isError: true });
  });
});

describe('a program', () => {
  test('gets the environment that was given, and nothing of the worker', async () => {
    process.env['CANARY_API_KEY'] = 'sk-canary';
    await open(stdioSettings(notes));
    expect((await call('env')).output).toBe('ONE PATH TALARIA_PROCESS');
  });

  test('that dies fails the calls it had, and is started again', async () => {
    await open(stdioSettings(notes));
    const [slow, dead] = await Promise.all([call('slow'), call('die')]);
    expect([slow, dead].every(({ isError, output }) => isError === true && output.includes('broke off'))).toBe(true);
    expect(server?.tools().length).toBeGreaterThan(5);
    expect(await call('echo')).toEqual({ output: "The MCP server 'example' is not available now.", isError: true });
    await until(async () => !(await call('echo', { text: 'x' })).isError);
    expect(await notes.pids(2)).toHaveLength(2);
  });

  test('that dies again and again is started less and less often', async () => {
    await open(stdioSettings(notes));
    const startedAt = Date.now();
    await call('die');
    await until(async () => !(await call('echo', { text: 'x' })).isError);
    const first = Date.now() - startedAt;
    const again = Date.now();
    await call('die');
    await until(async () => !(await call('echo', { text: 'x' })).isError);
    expect(first).toBeGreaterThanOrEqual(MCP_LIMITS.retryMsMin);
    expect(Date.now() - again).toBeGreaterThanOrEqual(2 * MCP_LIMITS.retryMsMin);
  });

  test('that cannot be started is told, and offers nothing', async () => {
    const env = {};
    await open(stdioSettings(notes, { transport: { kind: 'stdio', command: '/no/such', args: [], env } }));
    expect(server?.tools()).toEqual([]);
    expect(said.join()).toContain('cannot be reached');
  });

  test('that says nothing of use is given up in time', async () => {
    const transport = { kind: 'stdio', command: 'sleep', args: ['300'], env: { PATH: '/usr/bin:/bin' } } as const;
    await open(stdioSettings(notes, { connectTimeoutSeconds: 1, transport }));
    expect(server?.tools()).toEqual([]);
  });

  test('that prints what is no message is put up with', async () => {
    const script = `echo hello; exec "${process.execPath}" "$@"`;
    const { transport } = stdioSettings(notes);
    const args = transport.kind === 'stdio' ? transport.args : [];
    const wrapped = {
      kind: 'stdio',
      command: 'sh',
      args: ['-c', script, 'sh', ...args],
      env: { PATH: '/usr/bin:/bin' },
    };
    await open(stdioSettings(notes, { transport: wrapped as McpServerSettings['transport'] }));
    expect((await call('echo', { text: 'x' })).output).toBe('echo: x');
  });

  test('that prints more than a text can hold without a line end is logged in part', async () => {
    const flood = "head -c 600000000 /dev/zero | tr '\\0' x >&2; exec 2>&-";
    const transport = { kind: 'stdio', command: 'sh', args: ['-c', flood], env: { PATH: '/usr/bin:/bin' } } as const;
    await open(stdioSettings(notes, { connectTimeoutSeconds: 60, transport }));
    const line = await until(() => said.find((text) => text.startsWith('debug: x')));
    expect(line).toBe(`debug: ${'x'.repeat(MCP_LIMITS.logLineCharsMax)}`);
  });

  test('and what it has started are gone when the worker stops, behind a wrapper too', async () => {
    const { transport } = stdioSettings(notes);
    const args = transport.kind === 'stdio' ? transport.args : [];
    const script = `"${process.execPath}" "$@"; true`;
    const wrapped = {
      kind: 'stdio',
      command: 'sh',
      args: ['-c', script, 'sh', ...args],
      env: { PATH: '/usr/bin:/bin' },
    };
    await open(stdioSettings(notes, { transport: wrapped as McpServerSettings['transport'] }));
    await call('child');
    const pids = await notes.pids(2);
    expect((await Promise.all(pids.map(isRunning))).every(Boolean)).toBe(true);
    await server?.close();
    await untilGone(pids);
  });

  test('that is being started is not waited for at the end', async () => {
    const transport = { kind: 'stdio', command: 'sleep', args: ['300'], env: { PATH: '/usr/bin:/bin' } } as const;
    const opening = open(stdioSettings(notes, { connectTimeoutSeconds: 60, transport }));
    await until(() => server !== undefined);
    await soon(server?.close() ?? Promise.reject(new Error('there is no server')));
    await soon(opening);
  });
});

describe('a server on the network', () => {
  test('that is away fails the call; when it is back, calls go through in a new session', async () => {
    http = await startHttpExample(notes);
    await open(http.settings);
    const { port } = http;
    await http.kill();
    expect(await call('echo')).toEqual({ output: "The MCP server 'example' could not be reached.", isError: true });
    expect(await call('echo')).toEqual({ output: "The MCP server 'example' is not available now.", isError: true });
    http = await startHttpExample(notes, port);
    await until(async () => !(await call('echo', { text: 'x' })).isError);
  });

  test('that has forgotten the session gets a new one, and the call is made once', async () => {
    http = await startHttpExample(notes);
    await open(http.settings);
    const { port } = http;
    await http.kill();
    http = await startHttpExample(notes, port);
    expect(await call('echo', { text: 'x' })).toEqual({ output: 'echo: x', isError: false });
  });

  const noSession = 'Bad Request: No valid session ID provided';
  test.each<[what: string, answer: JsonObject, calls: number, says: string]>([
    ['500', { status: 500 }, 1, 'HTTP 500'],
    ['400', { status: 400, body: 'session_length is missing' }, 1, 'HTTP 400'],
    ['a page', { status: 200, type: 'text/html' }, 1, 'cannot be used'],
    ['no message', { status: 200, type: 'application/json', body: '{}' }, 1, 'cannot be used'],
    ['too much', { status: 200, type: 'application/json', body: ' ', times: 9_000_000 }, 1, 'cannot be used'],
    ['an unknown session', { status: 404 }, 2, 'HTTP 404'],
    ['an unknown session, in words', { status: 400, body: noSession }, 2, 'HTTP 400'],
  ])('that answers one call with %s answers the others', async (_what, answer, calls, says) => {
    http = await startHttpExample(notes);
    await open(http.settings);
    const other = call('slow', { ms: 2_000 });
    await until(async () => (await notes.lines()).includes('slow begun'));
    expect(await call('http', answer)).toEqual({ output: expect.stringContaining(says), isError: true });
    expect((await notes.lines()).filter((line) => line === 'http called')).toHaveLength(calls);
    if (calls === 1) expect(await call('echo', { text: 'x' })).toEqual({ output: 'echo: x', isError: false });
    expect(await other).toEqual({ output: 'slow done', isError: false });
  });

  test('that has no sessions and says 404 is called once', async () => {
    let calls = 0;
    const results = new Map<string, object>([
      [
        'initialize',
        { protocolVersion: '2025-03-26', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } },
      ],
      ['tools/list', { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }],
    ]);
    const plain = await startHttpServer((request, response) => {
      void text(request).then((body) => {
        const { id, method = '' } = (body === '' ? {} : JSON.parse(body)) as { id?: number; method?: string };
        const result = results.get(method);
        if (method === 'tools/call') calls += 1;
        if (result) response.setHeader('content-type', 'application/json');
        response.writeHead(result ? 200 : method === 'tools/call' ? 404 : id === undefined && method ? 202 : 405);
        response.end(result && JSON.stringify({ jsonrpc: '2.0', id, result }));
      });
    });
    const transport = { kind: 'http', url: `http://127.0.0.1:${plain.port}/`, headers: {} } as const;
    await open(stdioSettings(notes, { transport }));
    expect(await call('echo')).toEqual({ output: expect.stringContaining('HTTP 404'), isError: true });
    expect(calls).toBe(1);
    await plain.close();
  });

  test('that wants another key is told without the key', async () => {
    http = await startHttpExample(notes);
    const transport = { ...http.settings.transport, headers: { Authorization: 'Bearer canary' } };
    await open({ ...http.settings, transport } as McpServerSettings);
    expect(server?.tools()).toEqual([]);
    expect(said.join()).toContain('cannot be reached');
    expect(said.join()).not.toContain('canary');
  });
});
