import { createProvider } from '#libs/providers';
import type { ModelProvider, UpstreamSettings } from '#libs/contract';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { ask as askRoute, gatewayError, listen, question, upstreamSettings } from '../../support/model-lab.js';
import { freePort } from '../../support/ports.js';
import { until } from '../../support/until.js';
import { soon, turnsOfTheLoop } from '../../support/hang.js';
import { withSlack } from '../../support/slack.js';

const WORDS = Array.from({ length: 8 }, (_, i) => `word${i} `).join('');
const FOREIGN = Array.from({ length: 8 }, (_, i) => `Grüße ${i} 🌍 `).join('');
const USAGE = { inputTokens: 10, outputTokens: 8, cachedInputTokens: 4, reasoningTokens: 2 };

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());
beforeEach(() => upstream.reset());

/** Patient beyond the end of a test: what ends an answer earlier is the abort. */
const PATIENT = { firstByteTimeoutMs: 600_000, idleTimeoutMs: 600_000 };
const provider = (overrides: Partial<UpstreamSettings> = {}): ModelProvider =>
  createProvider(upstreamSettings('openai', { baseUrl: `${upstream.url}/v1`, ...overrides }));
const ask = (model: string, overrides: Partial<UpstreamSettings> = {}) =>
  askRoute([{ provider: provider(overrides), retriesMax: overrides.retriesMax ?? 0 }], question(model));
const lookup = {
  name: 'lookup',
  parameters: { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] },
};

describe('answers', () => {
  test.each([
    ['ok', WORDS],
    ['slow:first=100', WORDS],
    ['split', FOREIGN],
    ['crlf', FOREIGN],
    ['split:crlf=1', FOREIGN],
    ['noise', WORDS],
    ['nodone', WORDS],
    ['dup-done', WORDS],
    ['held', WORDS],
    ['badjson', WORDS],
    ['badjson:count=3', WORDS],
    ['emptychoices', WORDS],
    ['nullcontent', WORDS],
    ['json-instead-of-sse', WORDS],
    ['nostream', WORDS],
  ])('%s is read as a whole answer', async (model, text) => {
    const heard = await ask(model);
    expect(heard.error).toBeUndefined();
    expect(heard.text).toBe(text);
    expect(heard.end).toEqual({ type: 'end', finishReason: 'stop', usage: USAGE });
    expect(heard.events.filter(({ type }) => type === 'end')).toHaveLength(1);
    expect(heard.events.at(-1)).toBe(heard.end);
  });

  test('missing usage is zero', async () => {
    expect((await ask('usage-missing')).end?.usage).toEqual({
      inputTokens: 0,
      outputTokens: 0,
      cachedInputTokens: 0,
      reasoningTokens: 0,
    });
  });

  test('reasoning, refusals and the output limit', async () => {
    expect(await ask('reasoning')).toMatchObject({ reasoning: 'I think.', text: WORDS });
    expect(await ask('refusal')).toMatchObject({ refusal: 'I will not.', text: '', end: { finishReason: 'stop' } });
    expect(await ask('length')).toMatchObject({ text: WORDS, end: { finishReason: 'length' } });
  });

  test('a tool is called and its result answered', async () => {
    const first = await listen(provider(), question('tools', { tools: [lookup] }));
    expect(first.calls).toEqual([{ callId: 'call_1', name: 'lookup', arguments: '{"q":"x"}' }]);
    expect(first.end?.finishReason).toBe('tool_calls');
    const messages = [
      ...question('').messages,
      { role: 'assistant' as const, text: '', toolCalls: first.calls },
      { role: 'tool' as const, callId: 'call_1', output: 'found' },
    ];
    expect(await listen(provider(), question('tools', { tools: [lookup], messages }))).toMatchObject({ text: WORDS });
  });

  test('words that arrive together are one event, words that arrive apart are not', async () => {
    const paced = await ask('ok:n=4,gap=30');
    expect(paced.events.filter(({ type }) => type === 'text').length).toBeGreaterThanOrEqual(3);
    const events = [
      { choices: [{ delta: { content: 'a' } }] },
      { choices: [{ delta: { content: 'b' }, finish_reason: 'stop' }] },
    ];
    const asOne = events.map((data) => `data: ${JSON.stringify(data)}\n\n`).join('');
    upstream.scripts.set('at-once', [asOne]);
    expect((await ask('script:name=at-once')).events.map(({ type }) => type)).toEqual(['text', 'end']);
  });

  test('the socket is used again after an answer', async () => {
    const one = provider();
    await listen(one, question('ok'));
    const sockets = upstream.sockets;
    for (let i = 0; i < 20; i++) await listen(one, question('ok'));
    // One more: the answer has ended for us a moment before its socket is free.
    expect(upstream.sockets - sockets).toBeLessThanOrEqual(1);
  });
});

describe('failures', () => {
  test.each([
    ['auth', 'upstream_auth_failed'],
    ['403', 'upstream_auth_failed'],
    ['404', 'upstream_refused'],
    ['context', 'context_length_exceeded'],
    ['408', 'upstream_timeout'],
    ['429:ra=1', 'upstream_rate_limited'],
    ['503', 'upstream_error'],
    ['redirect', 'upstream_invalid'],
    ['html', 'upstream_invalid'],
    ['badjson:count=4', 'upstream_invalid'],
    ['hugeline', 'upstream_invalid'],
    ['json-instead-of-sse:n=900000', 'upstream_invalid'],
    ['cut:after=3', 'upstream_cut'],
    ['eof:after=3', 'upstream_cut'],
    ['error-in-stream', 'upstream_error'],
    ['error-in-stream:code=rate_limit_exceeded', 'upstream_rate_limited'],
    ['error-in-stream:code=context_length_exceeded', 'context_length_exceeded'],
  ])('%s is %s, and nothing of the upstream shows', async (model, code) => {
    const heard = await ask(model);
    const error = gatewayError(heard);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^Upstream 'lab' [^\n]+\.$/);
    expect(error.message).not.toMatch(/secret|sk-lab|127\.0\.0\.1|db-7/);
    expect(error.message.length).toBeLessThan(120);
    expect(heard.end).toBeUndefined();
  });

  test('what came before a failure is delivered', async () => {
    expect(await ask('cut:after=3')).toMatchObject({ text: 'word0 word1 word2 ' });
    expect(await ask('error-in-stream:after=2')).toMatchObject({ text: 'word0 word1 ' });
    expect(await ask('hugeline')).toMatchObject({ text: 'word0 ' });
  });

  test('a refusal shows what the upstream said, short and without secrets', async () => {
    expect(gatewayError(await ask('422')).message).toBe(
      "Upstream 'lab' refused the request: secret details of host db-7: Bearer [redacted]",
    );
    const { code, message, cause } = gatewayError(await ask('refused'));
    expect(code).toBe('upstream_refused');
    expect(message).toContain('No such field. You sent Bearer [redacted]');
    expect(message).not.toMatch(/sk-lab|me:pw/);
    expect(message.length).toBeLessThan(350);
    expect(cause).toBeInstanceOf(Error);
  });

  test('silence is a timeout: before the answer, and within it', async () => {
    // Long enough for a busy machine: the request has to arrive, and the words before the silence have to come.
    const silenceMs = withSlack(500);
    const before = gatewayError(await ask('hang', { firstByteTimeoutMs: silenceMs, retriesMax: 2 }));
    expect(before.code).toBe('upstream_timeout');
    expect(upstream.requests).toHaveLength(1);
    const within = await ask('hang:after=2', { idleTimeoutMs: silenceMs });
    expect(gatewayError(within).code).toBe('upstream_timeout');
    expect(within.text).toBe('word0 word1 ');
    await until(() => upstream.active === 0);
  });

  test('nobody at the address is upstream_unreachable', async () => {
    const baseUrl = `http://127.0.0.1:${await freePort()}/v1`;
    expect(gatewayError(await ask('ok', { baseUrl })).code).toBe('upstream_unreachable');
  });

  test('an answer that breaks off before its first word is asked for once more, whole', async () => {
    for (const model of ['cut:after=0', 'eof:after=0']) {
      upstream.reset();
      expect(await ask(model)).toMatchObject({ text: WORDS, end: { finishReason: 'stop' } });
      expect(upstream.requests.map(({ body }) => body['stream'])).toEqual([true, undefined]);
    }
  });

  test('an answer that breaks off after its first word is not asked for again', async () => {
    await ask('cut:after=1', { retriesMax: 2 });
    await ask('error-in-stream:after=1', { retriesMax: 2 });
    expect(upstream.requests).toHaveLength(2);
  });
});

describe('retries', () => {
  test('a failing upstream is asked again, retriesMax times', async () => {
    expect(await ask('500:times=2', { retriesMax: 2 })).toMatchObject({ text: WORDS });
    expect(upstream.requests).toHaveLength(3);
    expect(gatewayError(await ask('502', { retriesMax: 1 })).code).toBe('upstream_error');
    expect(upstream.requests).toHaveLength(5);
  });

  test('what a client did wrong is not asked again', async () => {
    for (const model of ['400', 'auth', 'context', '404']) await ask(model, { retriesMax: 2 });
    expect(upstream.requests).toHaveLength(4);
  });

  test.each(['429:ra=1,times=1', '429:ra=1,date=1,times=1'])('%s: Retry-After is honoured', async (model) => {
    expect(await ask(model, { retriesMax: 1 })).toMatchObject({ text: WORDS });
    const [first, second] = upstream.requests;
    const waited = (second?.at ?? 0) - (first?.at ?? 0);
    expect(waited).toBeGreaterThan(850);
  });

  test('the last 429 says how long to wait, however long it is', async () => {
    expect(gatewayError(await ask('429:ra=7')).retryAfterSeconds).toBe(7);
    expect(gatewayError(await ask('429:ra=7200')).retryAfterSeconds).toBe(7_200);
    expect(gatewayError(await ask('429')).retryAfterSeconds).toBeUndefined();
  });

  test('an error that is the first event of a stream is tried again', async () => {
    upstream.scripts.set('overloaded', [{ error: { message: 'busy', type: 'overloaded_error' } }]);
    expect(gatewayError(await ask('script:name=overloaded', { retriesMax: 1 })).code).toBe('upstream_error');
    expect(upstream.requests).toHaveLength(2);
  });

  test('an abort ends the wait for a retry at once', async () => {
    const abort = new AbortController();
    const heard = askRoute([{ provider: provider(), retriesMax: 3 }], question('429:ra=5', { signal: abort.signal }));
    await until(() => upstream.requests.length === 1 && upstream.active === 0);
    abort.abort(new Error('enough'));
    // Of turns of the event loop it takes a few; the wait would be five seconds of them.
    expect(await Promise.race([heard, turnsOfTheLoop(20)])).toMatchObject({ error: new Error('enough') });
  });
});

describe('abort', () => {
  test.each(['ok:n=500,gap=20', 'hang', 'hang:after=3', 'slow:first=60000', 'ok:n=200000'])(
    '%s: the socket closes and the reason is thrown',
    async (model) => {
      const abort = new AbortController();
      const reason = new Error('the client has gone');
      const heard = listen(provider(PATIENT), question(model, { signal: abort.signal }));
      await until(() => upstream.active === 1);
      abort.abort(reason);
      expect((await soon(heard)).error).toBe(reason);
      await soon(until(() => upstream.requests[0]?.aborted));
    },
  );

  test('leaving the loop closes the socket, too', async () => {
    for await (const event of provider().stream(question('ok:n=500,gap=20'))) {
      expect(event.type).toBe('text');
      break;
    }
    await until(() => upstream.requests[0]?.aborted, { ms: 1_000 });
  });

  test('a request that is aborted already is not sent', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    expect((await listen(provider(), question('ok', { signal }))).error).toEqual(new Error('too late'));
    expect(upstream.requests).toEqual([]);
  });
});

describe('models and credentials', () => {
  test('lists models', async () => {
    expect(await provider().listModels(new AbortController().signal)).toEqual(['ok', 'tools', 'reasoning']);
  });

  test('a list that cannot be had is an error', async () => {
    const { signal } = new AbortController();
    await expect(provider({ apiKey: 'wrong' }).listModels(signal)).rejects.toMatchObject({
      code: 'upstream_auth_failed',
    });
    await expect(provider({ baseUrl: `${upstream.url}/v2` }).listModels(signal)).rejects.toMatchObject({
      code: 'upstream_refused',
    });
    await expect(provider().listModels(AbortSignal.abort(new Error('no')))).rejects.toEqual(new Error('no'));
  });

  test('the key is sent as a bearer token, and none when there is none', async () => {
    await ask('ok');
    const { apiKey: _, ...keyless } = upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` });
    await listen(createProvider(keyless), question('ok'));
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer sk-lab-0123456789abcdef',
      undefined,
    ]);
  });
});
