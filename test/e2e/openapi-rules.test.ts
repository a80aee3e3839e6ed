import { startApi, type TestApi } from '../support/api-app.js';
import { startRedis, type TestRedis } from '../support/redis.js';

/** The rules of docs/api.md, held over the whole OpenAPI document. */
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema?: {
    readonly type?: string;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly default?: number;
  };
}
interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly operationId?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content?: Readonly<Record<string, { readonly schema?: { readonly additionalProperties?: boolean } }>>;
  };
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: object };
}

let redis: TestRedis;
let api: TestApi;
let document: Document;
let operations: readonly (readonly [name: string, operation: Operation])[];

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi({ REDIS_URL: redis.url, API_KEYS: `alice:${'a'.repeat(32)}`, ADMIN_TOKEN: 't'.repeat(32) });
  document = (await (await fetch(`${api.url}/openapi.json`)).json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  );
});
afterAll(async () => {
  await api?.close();
  await redis?.stop();
});

const faulty = (isFaulty: (operation: Operation, name: string) => boolean): string[] =>
  operations.flatMap(([name, operation]) => (isFaulty(operation, name) ? [name] : []));

test('every operation has one tag, which the document explains', () => {
  const known = new Set(document.tags.map(({ name }) => name));
  expect(document.tags.every(({ description = '' }) => description !== '')).toBe(true);
  expect(faulty(({ tags = [] }) => tags.length !== 1 || !known.has(tags[0] ?? ''))).toEqual([]);
});

test('summaries are words for people: a sentence, no names of ours', () => {
  expect(
    faulty(
      ({ summary = '' }) =>
        !/^[A-Z]/.test(summary) || summary.split(' ').length < 3 || /openai-|anthropic-/.test(summary),
    ),
  ).toEqual([]);
});

test('ids of operations are unique, and the document says where the gateway is and how keys look', () => {
  const ids = operations.map(([, { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(document.servers.length).toBeGreaterThan(0);
  expect(JSON.stringify(document.components.securitySchemes)).not.toContain('JWT');
});

test('every limit has bounds and a default, and every list with a limit goes on with `after`', () => {
  const limitOf = ({ parameters = [] }: Operation): Parameter | undefined =>
    parameters.find((parameter) => parameter.in === 'query' && parameter.name === 'limit');
  expect(
    faulty((operation) => {
      const limit = limitOf(operation);
      if (!limit) return false;
      const { type, minimum, maximum, default: otherwise } = limit.schema ?? {};
      return type !== 'integer' || minimum !== 1 || maximum === undefined || otherwise === undefined;
    }),
  ).toEqual([]);
  const hasAfter = ({ parameters = [] }: Operation): boolean => parameters.some(({ name }) => name === 'after');
  expect(faulty((operation) => limitOf(operation) !== undefined && !hasAfter(operation))).toEqual([]);
});

test('what has an id in its path says that it may not be there', () => {
  expect(
    faulty(
      ({ responses }, name) => /\{(id|name|item)/.test(name) && !('404' in responses) && !name.includes('/internal/'),
    ),
  ).toEqual([]);
});
