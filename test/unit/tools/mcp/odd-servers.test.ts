import type { JsonObject, JsonValue, Tool, ToolResult } from '#libs/contract';
import { McpServer } from '../../../../libs/tools/src/mcp/mcp-server.js';
import { LiveTrees } from '../../../../libs/tools/src/processes/live-trees.js';
import { startOddMcp, type OddMcp } from '../../../support/odd-mcp.js';
import { use } from '../../../support/tool-lab.js';

/** Servers of an older revision that do not keep to the specification. */
let odd: OddMcp | undefined;
let server: McpServer | undefined;
let said: string[];

beforeEach(() => (said = []));
afterEach(async () => {
  await server?.close();
  await odd?.close();
  [server, odd] = [undefined, undefined];
});

async function open(answers: Parameters<typeof startOddMcp>[0]): Promise<McpServer> {
  odd = await startOddMcp(answers);
  server = new McpServer(odd.settings, {
    live: new LiveTrees(),
    log: ({ level, text }) => void (level !== 'debug' && said.push(`${level}: ${text}`)),
    version: 'test',
  });
  await server.start();
  return server;
}

const object = { type: 'object', properties: {} };
const names = (): string[] => server?.tools().map(({ name }) => name) ?? [];
const call = (name: string): Promise<ToolResult> =>
  use(server?.tools().find((tool) => tool.name === `odd__${name}`) as Tool, {});
const listOf =
  (...tools: JsonValue[]) =>
  (): JsonObject => ({ tools });

test('one bad tool does not hide the others, and the log says what became of it', async () => {
  await open({
    list: listOf(
      { name: 'good', inputSchema: { type: 'object' } },
      { name: 'open', inputSchema: {} },
      { name: 'bare' },
      { name: 'either', inputSchema: { anyOf: [{ type: 'object', properties: { a: { type: 'string' } } }] } },
      { name: 'nothing', inputSchema: { type: 'object', properties: {}, required: null } },
      { name: 'list', inputSchema: { type: 'array' } },
      { name: 'word', inputSchema: 'object' },
      { inputSchema: object },
      { name: 5, inputSchema: object },
      'tool',
      { name: 'wrong', description: 5, title: [], annotations: 'x', icons: 7, inputSchema: object },
    ),
  });
  expect(names()).toEqual(['odd__bare', 'odd__either', 'odd__good', 'odd__nothing', 'odd__open', 'odd__wrong']);
  expect(server?.tools().find(({ name }) => name === 'odd__good')?.parameters).toEqual(object);
  expect(said).toEqual([
    expect.stringContaining('warn: mcp odd: the tool "bare": it has no inputSchema'),
    expect.stringContaining(`warn: mcp odd: the tool "either": its inputSchema has 'anyOf' at the top`),
    expect.stringContaining(`warn: mcp odd: the tool "nothing": its 'required' is not a list of names`),
    'warn: mcp odd: the tool "list" is left out: its inputSchema does not describe an object',
    'warn: mcp odd: the tool "word" is left out: its inputSchema is not an object',
    'warn: mcp odd: a tool is left out: it has no name',
    'warn: mcp odd: an entry of its list of tools is left out: it is not an object',
    'info: mcp odd: 6 tools offered',
  ]);
});

test('a list whose pages lead back to themselves ends', async () => {
  await open({
    list: (cursor) =>
      cursor === 'p2'
        ? { tools: [{ name: 'second', inputSchema: object }], nextCursor: 'p2' }
        : { tools: [{ name: 'first', inputSchema: object }], nextCursor: 'p2' },
  });
  expect(names()).toEqual(['odd__first', 'odd__second']);
  expect(odd?.asked.filter((method) => method === 'tools/list')).toHaveLength(2);
});

const outputSchema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };

test.each<[what: string, schema: JsonObject, result: JsonObject, told: string]>([
  ['text alone', outputSchema, { content: [{ type: 'text', text: 'PLAIN' }] }, 'PLAIN'],
  ['other fields', outputSchema, { content: [], structuredContent: { b: 1 } }, '{"b":1}'],
  ['a schema that is none', { type: 'strin' }, { content: [{ type: 'text', text: 'good' }] }, 'good'],
  ['no content', outputSchema, { structuredContent: { a: 'x' } }, '{"a":"x"}'],
  ['content that is a text', outputSchema, { content: 'said so' }, 'said so'],
  [
    'a part of a type that nobody knows',
    {},
    { content: [{ type: 'chart', points: [1] }] },
    '{"type":"chart","points":[1]}',
  ],
  ['a part without its text', {}, { content: [{ type: 'text' }, { type: 'text', text: 'b' }] }, '{"type":"text"}\nb'],
  ['an image without data', {}, { content: [{ type: 'image', mimeType: 'image/png' }] }, '[image that cannot be read]'],
])('a result with %s is told', async (_what, schema, result, told) => {
  await open({
    list: listOf({ name: 'get', inputSchema: object, outputSchema: schema }),
    call: () => result,
  });
  expect(await call('get')).toEqual({ output: told, isError: false });
});

test.each<[what: string, end: (response: { end(): void; destroy(): void }) => void]>([
  ['ends', (response) => response.end()],
  ['breaks off', (response) => response.destroy()],
])('an answer whose stream %s is no time-out', async (_what, end) => {
  await open({
    list: listOf({ name: 'get', inputSchema: object }),
    call: (_name, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': hello\n\n', () => end(response));
      return undefined;
    },
  });
  expect(await call('get')).toEqual({
    output: "The MCP server 'odd' broke off. What the call has done is unknown; check before you repeat it.",
    isError: true,
  });
});

test.each<[what: string, first: (method: string) => number | undefined]>([
  ['400', (method) => (method === 'server/discover' ? 400 : undefined)],
  ['429', (method) => (method === 'server/discover' ? 429 : undefined)],
  ['500', (method) => (method === 'server/discover' ? 500 : undefined)],
  ['202', (method) => (method === 'server/discover' ? 202 : undefined)],
])('a server that says %s to the question for its revision is asked in the old way', async (_what, first) => {
  await open({
    list: listOf({ name: 'get', inputSchema: object }),
    first: (method, response) => {
      const status = first(method);
      if (status !== undefined) response.writeHead(status).end();
      return status !== undefined;
    },
  });
  expect(names()).toEqual(['odd__get']);
});

test('a server that is not there is told with its address, and one that wants credentials with what it wants', async () => {
  const gone = await startOddMcp({ list: listOf() });
  await gone.close();
  const parts = {
    live: new LiveTrees(),
    log: ({ text }: { text: string }) => void said.push(text),
    version: 'test',
  };
  server = new McpServer(gone.settings, parts);
  await server.start();
  expect(said).toContain(`mcp odd: cannot be reached: ECONNREFUSED 127.0.0.1:${gone.port}`);
  await server.close();

  await open({
    list: listOf(),
    first: (_method, response) => {
      const challenge = 'Bearer resource_metadata="https://mcp.example.com/meta", scope="files:read"';
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    },
  });
  expect(said.at(-1)).toBe(
    'warn: mcp odd: cannot be reached: it refused the credentials of mcp_servers (HTTP 401) and wants an OAuth bearer ' +
      'token as https://mcp.example.com/meta describes, with the scope "files:read": put a token into token_env',
  );
});
