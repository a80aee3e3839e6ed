import type { JsonObject, JsonValue } from '#libs/contract';
import type { McpServerSettings } from '#libs/tools';
import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { startHttpServer, type TestHttpServer } from './http-server.js';
import { withSlack } from './slack.js';

export interface OddMcp extends TestHttpServer {
  readonly settings: McpServerSettings;
  /** Methods of the requests, in order. */
  readonly asked: string[];
}

interface OddAnswers {
  /** The result of `tools/list`. */
  readonly list: (cursor: JsonValue | undefined) => JsonObject;
  /** Answers `tools/call` itself when it gives nothing. */
  readonly call?: (name: string, response: ServerResponse, id: JsonValue) => JsonObject | undefined;
  /** Answers every request itself when it gives true. */
  readonly first?: (method: string, response: ServerResponse) => boolean;
}

/** An MCP server of an older revision whose answers are what a test says, over HTTP and without a library. */
export async function startOddMcp({ list, call, first }: OddAnswers): Promise<OddMcp> {
  const asked: string[] = [];
  const server = await startHttpServer((request, response) => {
    void text(request).then((body) => {
      const { id, method = '', params = {} } = (body === '' ? {} : JSON.parse(body)) as Message;
      asked.push(method);
      if (first?.(method, response)) return;
      if (id === undefined) return response.writeHead(request.method === 'POST' ? 202 : 405).end();
      const reply = (answer: JsonObject): void => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
      };
      if (method === 'initialize') return reply({ result: HELLO });
      if (method === 'tools/list') return reply({ result: list(params['cursor']) });
      if (method !== 'tools/call') return reply({ error: { code: -32601, message: 'no such method' } });
      const result = call?.(String(params['name']), response, id);
      if (result) reply({ result });
    });
  });
  const transport = { kind: 'http', url: `http://127.0.0.1:${server.port}/mcp`, headers: {} } as const;
  const seconds = {
    timeoutSeconds: withSlack(30),
    taskTimeoutSeconds: withSlack(30),
    connectTimeoutSeconds: withSlack(10),
  };
  return { ...server, asked, settings: { name: 'odd', transport, approval: 'never', images: true, ...seconds } };
}

interface Message {
  readonly id?: JsonValue;
  readonly method?: string;
  readonly params?: JsonObject;
}

const HELLO = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: {} },
  serverInfo: { name: 'odd', version: '1' },
};
