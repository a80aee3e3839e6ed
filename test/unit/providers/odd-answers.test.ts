import { createProvider } from '#libs/providers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { ask, gatewayError, question, upstreamSettings, type Heard } from '../../support/model-lab.js';

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());
beforeEach(() => upstream.reset());

const SSE = 'text/event-stream';
const chunk = (delta: object, finish: string | null = null, more: object = {}): object => ({
  choices: [{ index: 0, delta, finish_reason: finish, ...more }],
});
const sse = (...events: (object | string)[]): string =>
  events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
const WHOLE = { choices: [{ index: 0, message: { content: 'A' }, finish_reason: 'stop' }] };
const STREAM = sse(chunk({ content: 'A' }), chunk({}, 'stop'), '[DONE]');

function answered(body: unknown, headers: Record<string, string> = {}): Promise<Heard> {
  upstream.answers.set('odd', () => ({ headers, body }));
  const provider = createProvider(upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` }));
  return ask([{ provider }], question('answer:name=odd'));
}

describe('the first bytes tell what an answer is', () => {
  test.each<[string, unknown, Record<string, string>]>([
    ['a packed stream', gzipSync(STREAM), { 'content-type': SSE, 'content-encoding': 'gzip' }],
    ['a packed stream without the header', gzipSync(STREAM), { 'content-type': SSE }],
    ['a packed document', gzipSync(JSON.stringify(WHOLE)), { 'content-encoding': 'gzip' }],
    ['deflate', deflateSync(STREAM), { 'content-type': SSE, 'content-encoding': 'deflate' }],
    ['brotli', brotliCompressSync(STREAM), { 'content-type': SSE, 'content-encoding': 'br' }],
    ['the header of a packed stream over a plain one', STREAM, { 'content-type': SSE, 'content-encoding': 'gzip' }],
    ['events as JSON', STREAM, { 'content-type': 'application/json' }],
    ['events as a web page', STREAM, { 'content-type': 'text/html' }],
    ['comments first', `: hello\n\n${STREAM}`, { 'content-type': 'text/plain' }],
    ['JSON as text', JSON.stringify(WHOLE), { 'content-type': 'text/plain' }],
    ['JSON as events', JSON.stringify(WHOLE), { 'content-type': SSE }],
    ['JSON behind white space', `\n  ${JSON.stringify(WHOLE)}`, { 'content-type': 'application/octet-stream' }],
    ['JSON behind a mark of the byte order', `\uFEFF${JSON.stringify(WHOLE)}`, {}],
  ])('%s', async (_what, body, headers) => {
    expect(await answered(body, headers)).toMatchObject({ text: 'A', end: { finishReason: 'stop' } });
    expect(upstream.requests).toHaveLength(1);
  });

  test('a packed answer that breaks off is cut, and one that unpacks to more than may be is given up', async () => {
    const packed = gzipSync(sse(chunk({ content: 'half ' }), chunk({ content: 'more' })));
    expect(gatewayError(await answered(packed.subarray(0, -12), { 'content-type': SSE })).code).toBe('upstream_cut');
    const huge = gzipSync(`{"x":"${'y'.repeat(9_000_000)}"}`);
    expect(gatewayError(await answered(huge)).message).toMatch(/sent more than/);
  });

  test('the words of a packed refusal are read', async () => {
    upstream.answers.set('refused', () => ({
      status: 400,
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync('{"error":{"message":"WORDS"}}'),
    }));
    const provider = createProvider(upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` }));
    expect(gatewayError(await ask([{ provider }], question('answer:name=refused'))).message).toMatch(/WORDS/);
  });

  test.each<[string, unknown]>([
    ['a web page', '<!doctype html><title>x</title>'],
    ['nothing', ''],
    ['an empty object', {}],
    ['no choice', { choices: [] }],
    ['only the last word', sse('[DONE]')],
  ])('%s is no answer', async (_what, body) => {
    expect(gatewayError(await answered(body, { 'content-type': SSE })).code).toMatch(/^upstream_(invalid|cut)$/);
  });
});

describe('shapes of older and other servers', () => {
  const stream = (...events: (object | string)[]) => answered(sse(...events), { 'content-type': SSE });

  test('a legacy function_call is a call, streamed and whole', async () => {
    const calls = [{ callId: 'call_0', name: 'get_weather', arguments: '{"city":"Rome"}' }];
    const heard = await stream(
      chunk({ role: 'assistant', function_call: { name: 'get_weather', arguments: '' } }),
      chunk({ function_call: { arguments: '{"city":' } }),
      chunk({ function_call: { arguments: '"Rome"}' } }),
      chunk({}, 'function_call'),
    );
    expect(heard).toMatchObject({ calls, end: { finishReason: 'tool_calls' } });
    const message = { content: null, function_call: { name: 'get_weather', arguments: '{"city":"Rome"}' } };
    const whole = await answered({ choices: [{ message, finish_reason: 'function_call' }] });
    expect(whole).toMatchObject({ calls, end: { finishReason: 'tool_calls' } });
  });

  test.each<[string, object[]]>([
    ['a message in the stream', [{ choices: [{ index: 0, message: { content: 'A' }, finish_reason: 'stop' }] }]],
    ['an empty delta beside it', [{ choices: [{ delta: {}, message: { content: 'A' }, finish_reason: 'stop' }] }]],
    ['text alone', [{ choices: [{ index: 0, text: 'A', finish_reason: null }] }, chunk({}, 'stop')]],
    [
      'deltas, and the whole message at the end',
      [chunk({ content: 'A' }), { choices: [{ delta: {}, message: { content: 'A' }, finish_reason: 'stop' }] }],
    ],
  ])('%s', async (_what, events) => {
    expect(await stream(...events)).toMatchObject({ text: 'A', end: { finishReason: 'stop' } });
  });

  test("Mistral's parts of thinking are reasoning", async () => {
    const thinking = [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm ' }] }];
    const heard = await stream(chunk({ content: thinking }), chunk({ content: [{ type: 'text', text: 'A' }] }, 'stop'));
    expect(heard).toMatchObject({ reasoning: 'hm ', text: 'A' });
    const both = [...thinking, { type: 'text', text: 'A' }];
    expect(await answered({ choices: [{ message: { content: both } }] })).toMatchObject({
      reasoning: 'hm ',
      text: 'A',
    });
  });

  test('usage within the choice counts', async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4 };
    const heard = await stream(chunk({ content: 'A' }), chunk({}, 'stop', { usage }), '[DONE]');
    expect(heard.end?.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
  });

  test('a finish reason on every chunk ends nothing', async () => {
    const words = ['w0 ', 'w1 ', 'w2 '];
    expect((await stream(...words.map((content) => chunk({ content }, 'stop')))).text).toBe(words.join(''));
  });
});
