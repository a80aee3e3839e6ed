import { isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';
import type { McpServerSettings } from '#libs/tools';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { startHttpServer, type TestHttpServer } from './http-server.js';
import { withSlack } from './slack.js';

/** One request that the server got. */
export interface TaskMcpRequest {
  readonly method: string;
  readonly params: JsonObject;
  readonly headers: IncomingHttpHeaders;
}

/** The answer to a request: a result, a JSON-RPC error, `drop` to cut the connection, or an HTTP status. */
export type TaskMcpAnswer = { readonly result: JsonObject } | { readonly error: JsonObject } | 'drop' | number;

export interface TaskMcp extends TestHttpServer {
  readonly settings: McpServerSettings;
  readonly requests: readonly TaskMcpRequest[];
  /** The requests of one method, in order. */
  asked(method: string): TaskMcpRequest[];
  /** What `tools/call` is answered with: a handle unless a test says otherwise. */
  handle: JsonObject;
  /** Answers the nth `tasks/get` (from 0); a task that works on unless a test says otherwise. */
  get: (n: number) => TaskMcpAnswer;
  /** Answers `tasks/update`. */
  update: () => TaskMcpAnswer;
}

const TIMES = { createdAt: '2026-11-30T10:00:00Z', lastUpdatedAt: '2026-11-30T10:00:00Z', ttlMs: 3_600_000 };

/** A task in one of its states, as `tasks/get` tells it. */
export const taskAs = (status: string, fields: JsonObject = {}): { readonly result: JsonObject } => ({
  result: { resultType: 'complete', taskId: 'task-1', status, ...TIMES, pollIntervalMs: 10, ...fields },
});

/** A completed task whose result is this text. */
export const doneWith = (said: string): { readonly result: JsonObject } =>
  taskAs('completed', { result: { content: [{ type: 'text', text: said }], isError: false } });

/** A task that asks for a name under this key. */
export const askingFor = (...keys: string[]): { readonly result: JsonObject } => {
  const params = {
    mode: 'form',
    message: 'Who?',
    requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
  };
  const requests = keys.map((key) => [key, { method: 'elicitation/create', params }]);
  return taskAs('input_required', { inputRequests: Object.fromEntries(requests) as JsonObject });
};

const HELLO = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } },
  serverInfo: { name: 'tasks', version: '1' },
};
const TOOLS = { resultType: 'complete', ttlMs: 3_600_000, cacheScope: 'public', tools: [toolOf('work')] };

function toolOf(name: string): JsonObject {
  return { name, description: name, inputSchema: { type: 'object', properties: {} } };
}

/**
 * An MCP server of revision 2026-07-28 that answers calls of its tool `work` with tasks, over HTTP and without a
 * library.
 */
export async function startTaskMcp(): Promise<TaskMcp> {
  const requests: TaskMcpRequest[] = [];
  const asked = (method: string): TaskMcpRequest[] => requests.filter((request) => request.method === method);
  const server = await startHttpServer((request, response) => {
    void text(request).then((body) => {
      const message = (body === '' ? {} : JSON.parse(body)) as JsonObject;
      const { id, method = '', params } = message;
      if (id === undefined) return void response.writeHead(request.method === 'POST' ? 202 : 405).end();
      const known = { method: String(method), params: isJsonObject(params) ? params : {}, headers: request.headers };
      requests.push(known);
      reply(response, id, answerTo(known.method));
    });
  });
  const answerTo = (method: string): TaskMcpAnswer => {
    switch (method) {
      case 'server/discover':
        return { result: HELLO };
      case 'tools/list':
        return { result: TOOLS };
      case 'tools/call':
        return { result: it.handle };
      case 'tasks/get':
        return it.get(asked(method).length - 1);
      case 'tasks/update':
        return it.update();
      case 'tasks/cancel':
        return { result: { resultType: 'complete' } };
      default:
        return { error: { code: -32_601, message: 'no such method' } };
    }
  };
  const it: TaskMcp = {
    ...server,
    requests,
    asked,
    handle: { ...taskAs('working').result, resultType: 'task' },
    get: () => taskAs('working'),
    update: () => ({ result: { resultType: 'complete' } }),
    settings: {
      name: 'net',
      transport: { kind: 'http', url: `http://127.0.0.1:${server.port}/mcp`, headers: {} },
      approval: 'never',
      images: true,
      timeoutSeconds: withSlack(5),
      taskTimeoutSeconds: withSlack(20),
      connectTimeoutSeconds: withSlack(5),
    },
  };
  return it;
}

function reply(response: ServerResponse, id: JsonValue, answer: TaskMcpAnswer): void {
  if (answer === 'drop') return void response.destroy();
  if (typeof answer === 'number') return void response.writeHead(answer).end();
  response.writeHead('error' in answer ? 400 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
}
