import { sample, type Schema } from './sample.js';
import type { Random } from './random.js';

/** One operation of the running server. */
export interface Operation {
  readonly method: string;
  /** With its parameters in braces: `/v1/runs/{id}`. */
  readonly path: string;
  readonly query: readonly string[];
  /** A valid body, or as near to one as its schema tells; undefined: it takes none. */
  body?(random: Random): unknown;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

interface Described {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

const METHODS = new Set(['get', 'post', 'put', 'patch', 'delete']);
const get = (path: string): Operation => ({ method: 'GET', path, query: [] });

/** Pages that no document describes, and paths that lead nowhere. */
const PAGES = [
  '/openapi.json',
  '/docs',
  '/docs/{file}',
  '/metrics',
  '/admin/queues',
  '/admin/queues/{page}',
  '/',
  '/chat/{session}',
  '/runs/{run}',
  '/jobs/{job}',
  '/assets/{file}',
  '/{nothing}',
];

/**
 * A body as a chat client sends it. It is better than a sample of the schema, because most of its mutations get past
 * the first check.
 */
const CHAT = {
  model: 'talaria',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
    { role: 'assistant', content: null, tool_calls: [call('call_1')] },
    { role: 'tool', tool_call_id: 'call_1', content: '4' },
    { role: 'user', content: 'And now?' },
  ],
  tools: [{ type: 'function', function: { name: 'look', description: 'Looks.', parameters: { type: 'object' } } }],
  tool_choice: 'auto',
  temperature: 0.5,
  max_tokens: 20,
  stop: ['END'],
  metadata: { team: 'a' },
  stream_options: { include_usage: true },
};

function call(id: string): object {
  return { id, type: 'function', function: { name: 'look', arguments: '{}' } };
}

/**
 * Every route of a server by group: the first word of its path behind `/v1` or `/api`. New routes are covered as they
 * come.
 */
export async function readRoutes(url: string): Promise<Map<string, Operation[]>> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  const groups = new Map<string, Operation[]>([['pages', PAGES.map(get)]]);
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, described] of Object.entries(item)) {
      if (!METHODS.has(method)) continue;
      const group = groupOf(path);
      groups.set(group, [...(groups.get(group) ?? []), operation(method.toUpperCase(), path, { described, document })]);
    }
  }
  return groups;
}

function groupOf(path: string): string {
  return /^\/(?:(?:v1|api)\/)?([^/]+)/.exec(path)?.[1] ?? 'pages';
}

function operation(
  method: string,
  path: string,
  { described, document }: { described: Described; document: Document },
): Operation {
  const query = (described.parameters ?? []).filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const schema = described.requestBody?.content?.['application/json']?.schema;
  if (method === 'GET') return { method, path, query };
  const schemas = document.components?.schemas ?? {};
  const body = (random: Random): unknown => {
    if (path.endsWith('/chat/completions')) return { ...structuredClone(CHAT), stream: random.chance(0.3) };
    return schema === undefined ? {} : sample(schema, schemas, random);
  };
  return { method, path, query, body };
}
