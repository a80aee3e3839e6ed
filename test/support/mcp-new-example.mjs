import { acceptedContent, createMcpHandler, inputRequired, ProtocolError, Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

/**
 * An MCP server of revision 2026-07-28 for tests, made with the reference library: `node mcp-new-example.mjs stdio
 * <notes file>` or `http <notes file> [port]`, which prints its port. It refuses clients of older revisions. The notes
 * file gets a line for every request (`asked <method> <name>`).
 */
const [mode, notes, fixedPort = '0'] = process.argv.slice(2);
const note = (line) => appendFileSync(notes, `${line}\n`);
note(`pid ${process.pid}`);

const text = (value, isError = false) => ({ content: [{ type: 'text', text: value }], isError });
const schema = (properties = {}) => ({ type: 'object', properties });
const question = {
  message: 'Who is it for?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string', title: 'Name' } }, required: ['name'] },
};

let asked = 0;
const tools = new Map([
  ['zebra', { schema: schema(), run: () => text('zebra') }],
  ['echo', { schema: schema({ text: { type: 'string' } }), run: ({ text: said }) => text(`echo: ${said}`) }],
  ['refuse', { schema: schema(), run: () => Promise.reject(new ProtocolError(-32602, 'no such thing')) }],
  ['ask', { schema: schema(), run: ask }],
  ['grow', { schema: schema(), run: grow }],
  ['ant', { schema: schema(), run: () => text('ant') }],
]);

/** Asks the user for a name; with the answer it counts how often it has greeted, which must be once. */
function ask(_args, ctx) {
  const { inputResponses } = ctx.mcpReq;
  const name = acceptedContent(inputResponses, 'who')?.name;
  if (name !== undefined) {
    asked += 1;
    note(`greeted ${name} ${ctx.mcpReq.requestState()}`);
    return text(`Hello ${name}, ${asked}.`);
  }
  const action = inputResponses?.who?.action;
  if (action !== undefined) return text(`no name: ${action}`);
  return inputRequired({
    inputRequests: { who: inputRequired.elicit(question) },
    requestState: `state-${process.pid}`,
  });
}

function grow() {
  tools.set('grown', { schema: schema(), run: () => text('grown') });
  handler?.notify.toolsChanged();
  return text('one more');
}

function serverOf() {
  const server = new Server({ name: 'new-example', version: '1' }, { capabilities: { tools: { listChanged: true } } });
  server.setRequestHandler('tools/list', () => {
    note('asked tools/list');
    const ttlMs = Number(process.env.TTL_MS ?? 3_600_000);
    const list = [...tools].map(([name, { schema: inputSchema }]) => ({ name, description: name, inputSchema }));
    return { ttlMs, cacheScope: 'public', tools: list };
  });
  server.setRequestHandler('tools/call', ({ params }, ctx) => {
    note(`asked tools/call ${params.name}`);
    return tools.get(params.name).run(params.arguments ?? {}, ctx);
  });
  return server;
}

const handler = mode === 'http' ? createMcpHandler(serverOf, { legacy: 'reject' }) : undefined;

async function answer(request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const headers = Object.entries(request.headers).filter(([name]) => !/^(connection|content-length)$/.test(name));
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const asked = { method: request.method, headers, signal: gone.signal, ...(body !== '' && { body }) };
  const answered = await handler.fetch(new globalThis.Request(`http://127.0.0.1${request.url}`, asked));
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  for await (const chunk of answered.body ?? []) response.write(chunk);
  response.end();
}

if (handler) {
  const http = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  http.listen(Number(fixedPort), '127.0.0.1', () => process.stdout.write(`${http.address().port}\n`));
} else serveStdio(serverOf, { legacy: 'reject' });
