import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CallToolRequestSchema,
  isInitializeRequest,
  ListToolsRequestSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * An MCP server for tests: `node mcp-example.mjs stdio <notes file>` or `http <notes file>`, which prints its port. The
 * notes file gets a line for everything that a test wants to know of it.
 */
const [mode, notes, fixedPort = '0'] = process.argv.slice(2);
const note = (line) => appendFileSync(notes, `${line}\n`);
note(`pid ${process.pid}`);

const object = (properties = {}) => ({ type: 'object', properties });
const text = (value, isError = false) => ({ content: [{ type: 'text', text: value }], isError });

const tools = new Map([
  [
    'echo',
    {
      description: 'Says it again.',
      schema: object({ text: { type: 'string' } }),
      run: ({ text: t }) => text(`echo: ${t}`),
    },
  ],
  [
    'env',
    { description: 'Its environment.', schema: object(), run: () => text(Object.keys(process.env).sort().join(' ')) },
  ],
  ['fail', { description: 'Fails.', schema: object(), run: () => text('it went wrong', true) }],
  [
    'refuse',
    { description: 'Refuses.', schema: object(), run: () => Promise.reject(new McpError(-32602, 'no such thing')) },
  ],
  ['die', { description: 'Dies.', schema: object(), run: () => process.exit(1) }],
  ['big', { description: 'Too much.', schema: object(), run: () => text('x'.repeat(9_000_000)) }],
  [
    'picture',
    {
      description: 'No text.',
      schema: object(),
      run: () => ({ content: [{ type: 'image', mimeType: 'image/png', data: 'AAAA' }] }),
    },
  ],
  ['a b', { description: 'A strange name.', schema: object(), run: () => text('spaced') }],
  ['a.b', { description: 'A name that collides.', schema: object(), run: () => text('dotted') }],
  ['grow', { description: 'Gets one more tool.', schema: object(), run: grow }],
  ['slow', { description: 'Takes its time.', schema: object({ ms: { type: 'number' } }), run: slow }],
  ['http', { description: 'Is answered as its arguments say.', schema: object(), run: () => text('not over HTTP') }],
  ['child', { description: 'Starts a program.', schema: object(), run: child }],
]);

async function grow(_args, { sendNotification }) {
  tools.set('grown', { description: 'New.', schema: object(), run: () => text('grown') });
  await sendNotification({ method: 'notifications/tools/list_changed' });
  return text('one more');
}

async function slow({ ms = 60_000 }, { signal, sendNotification, _meta }) {
  note('slow begun');
  signal.addEventListener('abort', () => note('slow cancelled'));
  if (_meta?.progressToken !== undefined) {
    const params = { progressToken: _meta.progressToken, progress: 1, total: 2, message: 'half way' };
    await sendNotification({ method: 'notifications/progress', params });
  }
  await sleep(ms, undefined, { signal });
  return text('slow done');
}

function child() {
  const program = spawn('sleep', ['300'], { stdio: 'ignore' });
  note(`pid ${program.pid}`);
  return text('started');
}

function serverOf() {
  const server = new Server({ name: 'example', version: '1' }, { capabilities: { tools: { listChanged: true } } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [...tools].map(([name, { description, schema }]) => ({
      name,
      description,
      inputSchema: schema,
      ...(name === 'echo' && { annotations: { readOnlyHint: true } }),
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => {
    const tool = tools.get(params.name);
    if (!tool) throw new McpError(-32602, `Unknown tool ${params.name}`);
    return tool.run(params.arguments ?? {}, extra);
  });
  return server;
}

function answerAs({ status, type = 'text/plain', body = '', times = 1 }, response) {
  note('http called');
  response.writeHead(status, { 'content-type': type }).end(body.repeat(times));
}

async function serveHttp() {
  const sessions = new Map();
  const open = async () => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => sessions.set(id, transport),
    });
    await serverOf().connect(transport);
    return transport;
  };
  const http = createServer(async (request, response) => {
    if (request.headers.authorization !== 'Bearer mcp-secret') return response.writeHead(401).end();
    let body = '';
    for await (const chunk of request) body += chunk;
    const message = body === '' ? undefined : JSON.parse(body);
    const known = sessions.get(request.headers['mcp-session-id']);
    const transport = known ?? (isInitializeRequest(message) ? await open() : undefined);
    if (message?.params?.name === 'http') return answerAs(message.params.arguments, response);
    if (!transport) return response.writeHead(404).end();
    await transport.handleRequest(request, response, message);
  });
  http.listen(Number(fixedPort), '127.0.0.1', () => process.stdout.write(`${http.address().port}\n`));
}

if (mode === 'http') await serveHttp();
else await serverOf().connect(new StdioServerTransport());
