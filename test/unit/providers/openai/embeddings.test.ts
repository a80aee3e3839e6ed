import { LIMITS, type EmbeddingsOrder, type GatewayError, type ProviderName } from '#libs/contract';
import { createProvider } from '#libs/providers';
import { fakeVector } from '../../../support/fake-embeddings.js';
import { startFakeUpstream, type FakeUpstream } from '../../../support/fake-upstream.js';
import { ask as askRoute, listen, question, upstreamSettings } from '../../../support/model-lab.js';
import { faultOf } from '../../../../libs/providers/src/pool/cooldown.js';
import { EmbeddingsTranslator } from '../../../../libs/providers/src/openai/embeddings-translator.js';

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream?.stop());
beforeEach(() => upstream.reset());

const settings = (provider: ProviderName = 'openai') => upstreamSettings(provider, { baseUrl: `${upstream.url}/v1` });
const asked = (model: string, embed: EmbeddingsOrder) =>
  question(model, { messages: [], embed, sampling: { user: 'ann' } });

async function vectorsOf(model: string, embed: EmbeddingsOrder, retriesMax = 0) {
  const candidate = { provider: createProvider(settings()), retriesMax };
  const { events, error, end } = await askRoute([candidate], asked(model, embed));
  const vectors = events.flatMap((event) => (event.type === 'vectors' ? event.vectors : []));
  const numbers = vectors.map((vector) => [...new Float32Array(Uint8Array.from(Buffer.from(vector, 'base64')).buffer)]);
  return { numbers, error: error as GatewayError | undefined, end, events };
}

const TEXTS = ['one', 'two', 'three'];

test.each(['emb', 'emb-numbers', 'emb-turned', 'emb-turned-numbers'])(
  '%s: vectors in the order of inputs',
  async (name) => {
    const { numbers, end, error } = await vectorsOf(name, { input: TEXTS });
    expect(error).toBeUndefined();
    expect(numbers).toEqual(TEXTS.map((_, i) => fakeVector(i)));
    expect(end?.usage).toMatchObject({ inputTokens: 6, outputTokens: 0 });
    expect(upstream.requests[0]?.path).toBe('/v1/embeddings');
    expect(upstream.requests[0]?.body).toEqual({ model: name, input: TEXTS, encoding_format: 'base64', user: 'ann' });
  },
);

test('tokens and dimensions are passed on', async () => {
  const { numbers } = await vectorsOf('emb', { input: [[1, 2], [3]], dimensions: 5 });
  expect(numbers).toEqual([fakeVector(0, 5), fakeVector(1, 5)]);
  expect(upstream.requests[0]?.body).toMatchObject({ input: [[1, 2], [3]], dimensions: 5 });
});

test('a failure that may pass is asked again', async () => {
  expect((await vectorsOf('503:times=1', { input: TEXTS }, 1)).numbers).toHaveLength(3);
  expect(upstream.requests).toHaveLength(2);
});

test('a server that does not know the wish for base64 is asked without it, and one for dimensions is not dropped', async () => {
  const refusing = (field: string) => (body: Record<string, unknown>) => {
    const error = { message: `Unsupported parameter: '${field}'`, code: 'unsupported_parameter', param: field };
    const whole = { data: [{ index: 0, embedding: [1, 2] }], usage: { prompt_tokens: 1 } };
    return field in body ? { status: 400, body: { error } } : { body: whole };
  };
  upstream.answers.set('plain', refusing('encoding_format'));
  upstream.answers.set('whole', refusing('dimensions'));
  const heard = await vectorsOf('answer:name=plain', { input: ['one'] });
  expect(heard.numbers).toEqual([[1, 2]]);
  expect(heard.events.every(({ type }) => type !== 'left_out')).toBe(true);
  const { error } = await vectorsOf('answer:name=whole', { input: ['one'], dimensions: 2 });
  expect(error).toMatchObject({ code: 'upstream_refused' });
});

describe('no embeddings', () => {
  test.each<ProviderName>(['anthropic', 'demo', 'gateway'])('an upstream of kind %s says so, unasked', async (kind) => {
    const heard = await listen(createProvider(settings(kind)), asked('ok', { input: TEXTS }));
    expect(heard.error).toMatchObject({ code: 'invalid_request', param: 'model' });
    expect(upstream.requests).toHaveLength(0);
  });

  test.each([
    [400, 'this model does not support embeddings'],
    [403, 'You are not allowed to generate embeddings from this model'],
    [500, 'This server does not support embeddings. Start it with `--embeddings`'],
    [501, ''],
    [404, 'The model `ok` does not exist'],
  ])('a model without them is named, whatever the status: %s %s', async (status, message) => {
    upstream.answers.set('chats', () => ({ status, body: { error: { message } } }));
    const { error } = await vectorsOf('answer:name=chats', { input: TEXTS });
    expect(error).toMatchObject({ code: 'invalid_request', param: 'model' });
    // The same model may answer chats, so its pool goes on asking it.
    expect(faultOf(error as GatewayError)).toBeUndefined();
  });

  test('another candidate stands in', async () => {
    const routes = [{ provider: createProvider(settings('anthropic')) }, { provider: createProvider(settings()) }];
    const { events } = await askRoute(routes, asked('emb', { input: TEXTS }));
    expect(events.some(({ type }) => type === 'vectors')).toBe(true);
  });
});

describe('answers that are none', () => {
  test.each([
    ['vectors are missing', 'emb-few'],
    ['it is a page', 'html'],
  ])('%s', async (_, model) => {
    expect((await vectorsOf(model, { input: TEXTS })).error).toMatchObject({ code: 'upstream_invalid' });
  });

  const read = (data: unknown, count = 1) => {
    const translator = new EmbeddingsTranslator(count, { name: 'lab', apiKey: undefined });
    translator.readWhole({ data } as never);
    return translator.end();
  };

  test.each([
    [undefined],
    [['x']],
    [[{ embedding: [] }]],
    [[{ embedding: ['1'] }]],
    [[{ embedding: [1e300] }]],
    [[{ embedding: 'AAA=' }]],
    [[{ embedding: '????' }]],
    [[{ index: 1, embedding: [1] }]],
    [
      [
        { index: 0, embedding: [1] },
        { index: 0, embedding: [1] },
      ],
    ],
  ])('%j', (data) => {
    expect(() => read(data)).toThrow(expect.objectContaining({ code: 'upstream_invalid' }) as Error);
  });

  test('more than an answer may have is the fault of the request', () => {
    const embedding = Buffer.alloc(1_500_000).toString('base64');
    const many = Array.from({ length: 8 }, () => ({ embedding }));
    expect(8 * embedding.length).toBeGreaterThan(LIMITS.embeddingVectorsCharsMax);
    expect(() => read(many, 8)).toThrow(expect.objectContaining({ code: 'invalid_request', param: 'input' }) as Error);
    expect(read(many.slice(0, 2), 2)).toHaveLength(3);
  });
});
