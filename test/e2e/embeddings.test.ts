import OpenAI, { APIError } from 'openai';
import { fakeVector } from '../support/fake-embeddings.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { readLogAt } from '../support/read-log.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** POST /v1/embeddings through real processes, asked by the official client. */
const ANN = 'ann-key-0123456789abc';
const TEXTS = ['one', 'two', 'three'];

let upstream: FakeUpstream;
let stack: Stack;
let client: OpenAI;

const settings = (url: string): string => `
auth: { keys: [{ name: ann, key: ${ANN} }] }
upstreams:
  - { name: vectors, provider: openai, base_url: '${url}/v1', api_key: sk-vectors, priority: 1 }
  - { name: claude, provider: anthropic, base_url: '${url}', api_key: sk-claude }
  - { name: away, provider: openai, base_url: 'http://127.0.0.1:1/v1', api_key: sk-away }
models:
  - { name: embed, upstream: vectors, model: emb, price_input: 100000, price_output: 0 }
  - { name: pooled, upstreams: 'away, vectors', model: emb }
  - { name: slow, upstream: vectors, model: 'emb:first=4000' }
  - { name: numbers, upstream: vectors, model: emb-numbers }
  - { name: large, upstream: vectors, model: 'answer:name=large' }
  - { name: chats, upstream: claude, model: ok }
`;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  stack = await startStack({
    apis: 2,
    workers: 2,
    settings: settings(upstream.url),
    env: { TOOLS: 'current_time', METRICS_TOKEN: 'metrics-token-0123456789', AGENT_SYSTEM_PROMPT: 'Be kind.' },
  });
  client = new OpenAI({ apiKey: ANN, baseURL: `${stack.apis[0]?.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

const ask = async <T>(path: string, replica = 1): Promise<T> => {
  const headers = { authorization: `Bearer ${ANN}` };
  return (await (await fetch(`${stack.apis[replica]?.url}${path}`, { headers })).json()) as T;
};
const vectorsOf = ({ data }: OpenAI.CreateEmbeddingResponse): number[][] => data.map(({ embedding }) => embedding);

interface Run {
  readonly run_id: string;
  readonly status: string;
  readonly attempt: number;
  readonly protocol: string;
  readonly output: string;
}
const newestRun = async (): Promise<Run | undefined> => (await ask<{ data: Run[] }>('/v1/runs?limit=1')).data[0];

test('texts become vectors, in the form that the client asks for, and whatever the upstream sends', async () => {
  const asBase64 = await client.embeddings.create({ model: 'embed', input: TEXTS });
  expect(vectorsOf(asBase64)).toEqual(TEXTS.map((_, i) => fakeVector(i)));
  expect(asBase64).toMatchObject({ object: 'list', model: 'embed', usage: { prompt_tokens: 6, total_tokens: 6 } });
  const asNumbers = await client.embeddings.create({ model: 'numbers', input: TEXTS, encoding_format: 'float' });
  expect(vectorsOf(asNumbers)).toEqual(vectorsOf(asBase64));
  const tokens = await client.embeddings.create({ model: 'embed', input: [[1, 2], [3]], dimensions: 5, user: 'u' });
  expect(vectorsOf(tokens)).toEqual([fakeVector(0, 5), fakeVector(1, 5)]);
  expect(upstream.requests.at(-1)?.body).toMatchObject({
    model: 'emb',
    input: [[1, 2], [3]],
    dimensions: 5,
    user: 'u',
  });
  expect(vectorsOf(await client.embeddings.create({ model: 'embed', input: 'one' }))).toEqual([fakeVector(0)]);
});

test('the largest answer that fits comes whole', async () => {
  const vector = Buffer.from(new Float32Array(1_536).fill(0.5).buffer).toString('base64');
  upstream.answers.set('large', ({ input }) => ({
    body: { data: (input as string[]).map((_, index) => ({ index, embedding: vector })), usage: { prompt_tokens: 1 } },
  }));
  const input = Array.from({ length: 1_700 }, (_, i) => `text ${i}`);
  const { data } = await client.embeddings.create({ model: 'large', input });
  expect(data).toHaveLength(1_700);
  expect(data.at(-1)?.embedding).toHaveLength(1_536);
  const more = client.embeddings.create({ model: 'large', input: [...input, ...input.slice(0, 300)] });
  await expect(more).rejects.toMatchObject({ status: 400, param: 'input' });
});

test('a pool asks the next upstream when one is away', async () => {
  const answer = await client.embeddings.create({ model: 'pooled', input: TEXTS });
  expect(vectorsOf(answer)).toEqual(TEXTS.map((_, i) => fakeVector(i)));
});

test('errors have the shape of OpenAI and name the field', async () => {
  const failed = async (body: object): Promise<APIError> => {
    const failure: unknown = await client.embeddings.create(body as never).catch((error: unknown) => error);
    if (failure instanceof APIError) return failure;
    throw new Error('the request did not fail');
  };
  expect(await failed({ model: 'chats', input: 'one' })).toMatchObject({ status: 400, param: 'model' });
  expect(await failed({ model: 'nobody', input: 'one' })).toMatchObject({ status: 404, code: 'model_not_found' });
  expect(await failed({ model: 'embed', input: ['one', ''] })).toMatchObject({ status: 400, param: 'input[1]' });
  expect(await failed({ model: 'embed' })).toMatchObject({ status: 400, param: 'input' });
});

test('it is a run without content: usage and cost are counted, in metrics too', async () => {
  const before = upstream.requests.length;
  const { response } = await client.embeddings.create({ model: 'embed', input: ['a secret'] }).withResponse();
  const runId = response.headers.get('x-run-id') ?? '';
  expect(upstream.requests.slice(before).map(({ body }) => Object.keys(body).sort())).toEqual([
    ['encoding_format', 'input', 'model'],
  ]);
  const run = await ask<Run>(`/v1/runs/${runId}`);
  expect(run).toMatchObject({ protocol: 'openai-embeddings', status: 'completed', output: '' });
  interface Usage {
    readonly data: readonly {
      readonly model: string;
      readonly cost: number;
      readonly usage: { input_tokens: number };
    }[];
  }
  const counted = await until(async () => {
    const { data } = await ask<Usage>('/v1/usage');
    return data.find(({ model, usage }) => model === 'embed' && usage.input_tokens >= 2 && usage);
  });
  expect(counted.cost).toBeGreaterThan(0);
  const metrics = await (
    await fetch(`${stack.apis[0]?.url}/metrics`, { headers: { authorization: 'Bearer metrics-token-0123456789' } })
  ).text();
  expect(metrics).toMatch(/talaria_api_requests_total\{[^}]*route="\/v1\/embeddings"[^}]*status="200"/);
  for (const { output } of [...stack.apis, ...stack.workers, stack.store]) expect(output()).not.toContain('a secret');
});

test('a worker that is killed in the middle: another one asks again, and the client gets its vectors', async () => {
  const asked = upstream.requests.length;
  const answer = client.embeddings.create({ model: 'slow', input: TEXTS });
  await until(() => upstream.requests.length > asked);
  const { run_id: runId } = (await until(async () => {
    const run = await newestRun();
    return run?.status === 'running' ? run : undefined;
  })) as Run;
  const busy = await until(async () => workerOf(runId));
  await busy.kill('SIGKILL');
  expect(vectorsOf(await answer)).toEqual(TEXTS.map((_, i) => fakeVector(i)));
  expect(await ask<Run>(`/v1/runs/${runId}`)).toMatchObject({ status: 'completed', attempt: 2 });
  expect(upstream.requests.length - asked).toBe(2);
}, 120_000);

/** The worker that has the run; its id holds its pid. */
async function workerOf(runId: string): Promise<Service | undefined> {
  const started = (await readLogAt(stack.redis.url, runId)).find((event) => event.type === 'run.started');
  const id = started?.type === 'run.started' ? started.worker : '';
  return stack.workers.find(({ pid }) => id.includes(`-${pid}-`));
}
