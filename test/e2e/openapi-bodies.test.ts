import { startApiLab, type ApiLab } from '../support/api-lab.js';
import { startStoreOfJobs, type StoreOfJobs } from '../support/job-lab.js';

/** Every field of every request of our own routes, with a value of every wrong type: refused, and named to the leaf. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly additionalProperties?: boolean | Schema;
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const ADMIN = 'admin-token-0123456789abcdef';
/** Whose rules are those of their vendors. */
const PUBLISHED = /^(\/v1)?\/(chat\/completions|embeddings|responses|messages|models|conversations)/;
/** Required fields, so that the one under test is the only mistake. */
const BASE: Readonly<Record<string, object>> = {
  'POST /v1/runs': { input: 'Hello' },
  'POST /v1/ui/chat': { messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }] },
  'POST /v1/runs/{id}/approval': { choice: 'once', request_id: 'apr_0' },
  'POST /v1/runs/{id}/steer': { text: 'Hello' },
  'PATCH /api/sessions/{id}': { title: 'Hello' },
  'PUT /api/sessions/{id}/files': { path: 'a.txt', content: 'x' },
  'POST /api/jobs': { name: 'n', schedule: 'every 1h', prompt: 'p' },
  'PATCH /api/jobs/{id}': { name: 'n' },
  'POST /api/jobs/preview': { schedule: 'every 1h' },
  'POST /v1/webhooks': { url: 'https://hooks.example.com/told' },
  'POST /internal/owners/{name}/jobs/move': { to: 'bob' },
  'POST /internal/owners/{name}/move': { to: 'bob' },
};
/** Fields of other kinds of parts than text, and the published forms of tools, which have tests of their own. */
const isUnread = (place: string): boolean =>
  /^messages\[0\]\.parts\[0\]\.(mediaType|url|state|toolCallId)$|^tool_choice\.|^tools\[0\]\./.test(place);

let store: StoreOfJobs;
let lab: ApiLab;
let document: Document;
let jobId: string;
beforeAll(async () => {
  store = await startStoreOfJobs();
  lab = await startApiLab(1, { STORE_URL: store.url, ADMIN_TOKEN: ADMIN });
  const made = await lab.ask('/api/jobs', { method: 'POST', body: BASE['POST /api/jobs'] ?? {} });
  jobId = (JSON.parse(await made.whole) as { job: { id: string } }).job.id;
  document = JSON.parse(await (await lab.ask('/openapi.json')).whole) as Document;
});
afterAll(async () => {
  await lab?.close();
  await store?.close();
});

/** A refusal comes at once; this only tells a request that was accepted and waits for its run. */
const ANSWERED_MS = 20_000;
const sleep = (ms: number): Promise<undefined> => new Promise((done) => setTimeout(done, ms, undefined).unref());

type Refusal = { readonly status: number; readonly param: unknown };
/** @param body some JSON: what is no object is sent as it is. */
async function ask(method: string, path: string, body?: unknown): Promise<Refusal> {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'name' ? 'local' : jobId));
  const headers = path.startsWith('/internal') ? { headers: { authorization: `Bearer ${ADMIN}` } } : {};
  const sent = body === undefined ? {} : { body: body as object };
  const answer = await Promise.race([lab.ask(filled, { method, ...headers, ...sent }), sleep(ANSWERED_MS)]);
  const status = answer?.response.statusCode ?? 0;
  // What was accepted may stay open for as long as its run.
  if (!answer || status < 400) {
    answer?.leave();
    return { status, param: undefined };
  }
  const { error } = JSON.parse(await answer.whole) as { error?: { param?: unknown } };
  return { status, param: error?.param };
}

const operations = (): [name: string, method: string, path: string, operation: Operation][] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    PUBLISHED.test(path)
      ? []
      : Object.entries(item).map(([method, operation]): [string, string, string, Operation] => [
          `${method.toUpperCase()} ${path}`,
          method.toUpperCase(),
          path,
          operation,
        ]),
  );

const VALUES: readonly (readonly [type: string, value: unknown])[] = [
  ['object', { odd: 1 }],
  ['array', [[1]]],
  ['string', ' odd \u0000 '],
  ['number', 1.5],
  ['boolean', true],
];

/** The types that a schema allows; none: it does not say, so nothing is wrong. */
function typesOf(schema: Schema): ReadonlySet<string> {
  if (schema.oneOf) return new Set(schema.oneOf.flatMap((one) => [...typesOf(one)]));
  if (schema.enum) return new Set(['enum']);
  return new Set(schema.type === undefined ? [] : [schema.type]);
}

interface Case {
  readonly path: string;
  readonly body: unknown;
}

/** Bodies that are wrong at one place at or below a field, and that place. `put` makes a body of a value there. */
function casesOf(schema: Schema, path: string, put: (value: unknown) => unknown): Case[] {
  const types = typesOf(schema);
  const own =
    types.size === 0
      ? []
      : VALUES.filter(([type]) => !types.has(type)).map(([, value]) => ({ path, body: put(value) }));
  const kinds = [schema, ...(schema.oneOf ?? [])];
  const below = kinds.flatMap(({ properties = {}, items, additionalProperties }) => [
    ...Object.entries(properties).flatMap(([name, inner]) =>
      casesOf(inner, `${path}.${name}`, (value) => put(filled(path, { [name]: value }))),
    ),
    ...(items ? casesOf(items, `${path}[0]`, (value) => put([value])) : []),
    ...(typeof additionalProperties === 'object'
      ? casesOf(additionalProperties, `${path}.some`, (value) => put({ some: value }))
      : []),
  ]);
  return [...own, ...below];
}

/** What stands beside a field of an inner object: the rest of a message or of its part. */
function filled(path: string, field: object): object {
  if (path === 'messages[0]') return { id: 'm', role: 'user', parts: [{ type: 'text', text: 'Hello' }], ...field };
  if (path === 'messages[0].parts[0]') return { type: 'text', text: 'Hello', ...field };
  return field;
}

test('bodies: a wrong type anywhere is 400 with the path of the leaf', async () => {
  const wrong: unknown[] = [];
  let asked = 0;
  for (const [name, method, path, { requestBody }] of operations()) {
    const schema = requestBody?.content?.['application/json']?.schema;
    for (const [field, inner] of Object.entries(schema?.properties ?? {})) {
      for (const { path: place, body } of casesOf(inner, field, (value) => ({ ...BASE[name], [field]: value }))) {
        if (isUnread(place)) continue;
        asked++;
        const refusal = await ask(method, path, body);
        if (refusal.status !== 400 || refusal.param !== place) wrong.push({ name, place, body, refusal });
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(100);
});

test('bodies: what is no object is refused, and so is an unknown field where the document says so', async () => {
  const wrong: unknown[] = [];
  for (const [name, method, path, { requestBody }] of operations()) {
    const schema = requestBody?.content?.['application/json']?.schema;
    if (!schema) continue;
    for (const body of [[1], 'text', 7, true]) {
      const refusal = await ask(method, path, body);
      if (refusal.status !== 400) wrong.push({ name, body, refusal });
    }
    const isClosed = schema.additionalProperties === false || /^(POST|PATCH) \/api\/jobs/.test(name);
    if (!isClosed) continue;
    const refusal = await ask(method, path, { ...BASE[name], odd_field: 1 });
    if (refusal.status !== 400 || refusal.param !== 'odd_field') wrong.push({ name, refusal });
  }
  expect(wrong).toEqual([]);
});

test('queries: a wrong type, a word that is no choice, and a parameter given twice are 400 with its name', async () => {
  const wrong: unknown[] = [];
  let asked = 0;
  for (const [name, method, path, { parameters = [] }] of operations()) {
    for (const { name: param, schema } of parameters.filter((one) => one.in === 'query')) {
      // The one that is given many times on purpose.
      const repeated = schema?.type === 'array' ? [] : [`${param}=1&${param}=1`];
      const odd = schema?.type === 'string' && !schema.enum ? [] : [`${param}=odd`, `${param}=`, `${param}=1.5`];
      for (const query of [...repeated, ...odd]) {
        asked++;
        const needed = path === '/api/search' && param !== 'q' ? 'q=a&' : '';
        const refusal = await ask(method, `${path}?${needed}${query}`);
        if (refusal.status !== 400 || refusal.param !== param) wrong.push({ name, query, refusal });
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(50);
});
