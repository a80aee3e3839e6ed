import { createProvider } from '#libs/providers';
import { LIMITS } from '#libs/contract';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { listen, question, upstreamSettings, type Heard } from '../../support/model-lab.js';

/** What answers have beside words and calls: citations, images, and the tier in which they were made. */
let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());
beforeEach(() => upstream.reset());

const sse = (...events: (object | string)[]): string =>
  events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
const chunk = (delta: object, finish: string | null = null, more: object = {}): object => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});

function answered(body: unknown, provider: 'openai' | 'anthropic' = 'openai'): Promise<Heard> {
  const headers = typeof body === 'string' ? { 'content-type': 'text/event-stream' } : {};
  upstream.answers.set('odd', () => ({ headers, body }));
  const baseUrl = provider === 'openai' ? `${upstream.url}/v1` : upstream.url;
  return listen(createProvider(upstreamSettings(provider, { baseUrl })), question('answer:name=odd'));
}

const citations = ({ events }: Heard) => events.flatMap((e) => (e.type === 'citations' ? e.citations : []));
const images = ({ events }: Heard) => events.flatMap((e) => (e.type === 'image' ? [e.url] : []));

const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const image = { type: 'image_url', image_url: { url: PNG } };
const annotation = (url: string, start = 0, end = 5) => ({
  type: 'url_citation',
  url_citation: { url, title: 'T', start_index: start, end_index: end, content: 'quoted' },
});
const told = (url: string, start = 0, end = 5) => ({ url, title: 'T', start, end, content: 'quoted' });

test('citations are read from deltas and from whole messages, nested or flat, and each is told once', async () => {
  const two = [annotation('https://a.example/1'), annotation('https://a.example/2', 6, 9)];
  const streamed = sse(
    chunk({ content: 'Hello you' }),
    chunk({ annotations: two.slice(0, 1) }),
    chunk({ annotations: two }),
    chunk({}, 'stop'),
    '[DONE]',
  );
  const expected = [told('https://a.example/1'), told('https://a.example/2', 6, 9)];
  expect(citations(await answered(streamed))).toEqual(expected);
  const whole = { choices: [{ index: 0, message: { content: 'Hello you', annotations: two }, finish_reason: 'stop' }] };
  expect(citations(await answered(whole))).toEqual(expected);
  const flat = { type: 'url_citation', url: 'https://a.example/3', title: 'T', start_index: 1, end_index: 2 };
  expect(citations(await answered(sse(chunk({ content: 'Hi', annotations: [flat] }, 'stop'))))).toEqual([
    { url: 'https://a.example/3', title: 'T', start: 1, end: 2 },
  ]);
});

test('pages of an answer without places are told at its end', async () => {
  const pages = { citations: ['https://p.example/1', 'https://p.example/2'] };
  const streamed = sse(chunk({ content: 'Hi' }, null, pages), chunk({}, 'stop', pages), '[DONE]');
  const urls = ['https://p.example/1', 'https://p.example/2'];
  expect(citations(await answered(streamed)).map(({ url }) => url)).toEqual(urls);
  const results = { search_results: [{ title: 'P', url: 'https://p.example/1', date: '2026-01-01' }], ...pages };
  expect(citations(await answered(sse(chunk({ content: 'Hi' }, 'stop', results))))).toEqual([
    { url: 'https://p.example/1', title: 'P', start: 0, end: 0 },
  ]);
});

test('odd annotations are passed over, and there is a bound', async () => {
  const odd = [
    null,
    'x',
    { type: 'file' },
    { type: 'url_citation' },
    annotation(`https://x.example/${'a'.repeat(5_000)}`),
  ];
  const many = Array.from({ length: LIMITS.citationsMax + 5 }, (_, i) => annotation(`https://x.example/${i}`));
  const heard = await answered(sse(chunk({ content: 'Hi', annotations: [...odd, ...many] }, 'stop')));
  expect(heard.text).toBe('Hi');
  expect(citations(heard)).toHaveLength(LIMITS.citationsMax);
});

test('images are read from deltas and whole messages; an answer of an image alone is one', async () => {
  const heard = await answered(
    sse(chunk({ content: '', images: [image] }), chunk({ images: [image] }), chunk({}, 'stop')),
  );
  expect(images(heard)).toEqual([PNG]);
  const message = {
    content: '',
    images: [image, { type: 'image_url', image_url: { url: 'https://i.example/a.png' } }],
  };
  const whole = await answered({ choices: [{ index: 0, message, finish_reason: 'stop' }] });
  expect(images(whole)).toEqual([PNG]);
  expect(whole.text).toBe('![image](https://i.example/a.png)');
});

test('an image of some megabytes arrives in one event', async () => {
  const url = `data:image/png;base64,${'A'.repeat(3_000_000)}`;
  const heard = await answered(sse(chunk({ images: [{ type: 'image_url', image_url: { url } }] }), chunk({}, 'stop')));
  expect(images(heard).map(({ length }) => length)).toEqual([url.length]);
});

test('the tier that answered is told', async () => {
  const heard = await answered(sse(chunk({ content: 'Hi' }, null, { service_tier: 'flex' }), chunk({}, 'stop')));
  expect(heard.end?.serviceTier).toBe('flex');
  expect((await answered(sse(chunk({ content: 'Hi' }, 'stop')))).end).not.toHaveProperty('serviceTier');
});

test('Anthropic: citations belong to their block, and its words for a tier are those of OpenAI', async () => {
  const page = { type: 'web_search_result_location', url: 'https://w.example', title: 'W', cited_text: 'quoted' };
  const document = { type: 'char_location', document_index: 0, cited_text: 'x' };
  const events = [
    { type: 'message_start', message: { usage: { input_tokens: 1, output_tokens: 1, service_tier: 'standard' } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Some ' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'citations_delta', citation: page } },
    { type: 'content_block_delta', index: 1, delta: { type: 'citations_delta', citation: document } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'words' } },
    { type: 'content_block_stop', index: 1 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
    { type: 'message_stop' },
  ];
  const heard = await answered(sse(...events), 'anthropic');
  const expected = [{ url: 'https://w.example', title: 'W', start: 5, end: 10, content: 'quoted' }];
  expect(citations(heard)).toEqual(expected);
  expect(heard.end?.serviceTier).toBe('default');
  const content = [
    { type: 'text', text: 'Some ' },
    { type: 'text', text: 'words', citations: [page] },
  ];
  const whole = { type: 'message', content, stop_reason: 'end_turn', usage: {} };
  expect(citations(await answered(whole, 'anthropic'))).toEqual(expected);
});
