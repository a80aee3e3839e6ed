import OpenAI from 'openai';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** The whole way with the official SDK: API -> BullMQ -> worker -> log -> SSE, two APIs and two keys. */
const ALICE = 'alice-key-0123456789';
const BOB = 'bob-key-0123456789abc';
let upstream: FakeUpstream;
let stack: Stack;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const env = {
    OPENAI_BASE_URL: `${upstream.url}/v1`,
    OPENAI_API_KEY: 'sk-upstream-secret-123',
    OPENAI_MODEL: 'ok',
    MODELS_UNKNOWN: 'passthrough',
    API_KEYS: `alice:${ALICE},bob:${BOB}`,
    UPSTREAM_RETRIES: '1',
    TOOLS: '',
  };
  stack = await startStack({ apis: 2, workers: 2, env });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

const url = (path: string, replica = 0): string => `${stack.apis[replica]?.url}${path}`;
const sdk = (apiKey = ALICE): OpenAI => new OpenAI({ baseURL: url('/v1'), apiKey, maxRetries: 0 });
const messages = [{ role: 'user' as const, content: 'Count.' }];
const headers = { authorization: `Bearer ${ALICE}`, 'content-type': 'application/json' };

function post(body: object, extra: Record<string, string> = {}, replica = 0): Promise<Response> {
  return fetch(url('/v1/chat/completions', replica), {
    method: 'POST',
    headers: { ...headers, ...extra },
    body: JSON.stringify({ messages, ...body }),
  });
}

/** The data lines of an SSE text. */
const frames = (text: string): string[] => [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? '');

describe('with the official SDK', () => {
  test('a streamed answer equals the answer in one piece', async () => {
    const stream = await sdk().chat.completions.create({ model: 'ok:n=20,gap=2', messages, stream: true });
    let text = '';
    let finish: string | null = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
      expect(chunk.usage ?? null).toBeNull();
    }
    const whole = await sdk().chat.completions.create({ model: 'ok:n=20,gap=2', messages });
    expect(finish).toBe('stop');
    expect(text).not.toBe('');
    expect(whole.choices[0]?.message).toMatchObject({ role: 'assistant', content: text, refusal: null });
    expect(whole.choices[0]?.finish_reason).toBe('stop');
    expect(whole.usage?.total_tokens).toBeGreaterThan(0);
  });

  test('usage comes in its own chunk when it is asked for', async () => {
    const stream = await sdk().chat.completions.create({
      model: 'talaria',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });

  test('a function of the caller makes the round trip', async () => {
    const tools = [
      {
        type: 'function' as const,
        function: { name: 'lookup', parameters: { type: 'object', properties: { q: { type: 'string' } } } },
      },
    ];
    const first = await sdk().chat.completions.create({ model: 'tools', messages, tools, tool_choice: 'required' });
    const call = first.choices[0]?.message.tool_calls?.[0];
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(first.choices[0]?.message.content).toBeNull();
    if (call?.type !== 'function') throw new Error('no function call came back');
    expect(call.function.name).toBe('lookup');
    const second = await sdk().chat.completions.create({
      model: 'tools',
      tools,
      messages: [...messages, first.choices[0]!.message, { role: 'tool', tool_call_id: call.id, content: 'found it' }],
    });
    expect(second.choices[0]?.finish_reason).toBe('stop');
    const sent = upstream.requests.at(-1)?.body as { messages: { role: string; content: string }[] };
    expect(sent.messages.at(-1)).toMatchObject({ role: 'tool', content: 'found it' });
  });

  test('sampling parameters and instructions reach the upstream', async () => {
    await sdk().chat.completions.create({
      model: 'ok:n=1,gap=0',
      messages: [...messages, { role: 'developer', content: 'Be brief.' }],
      temperature: 0.3,
      top_p: 0.9,
      max_completion_tokens: 77,
      seed: 5,
      stop: ['END'],
      presence_penalty: 0.1,
      response_format: { type: 'json_object' },
    });
    const sent = upstream.requests.at(-1)?.body as Record<string, unknown>;
    expect(sent).toMatchObject({ temperature: 0.3, top_p: 0.9, max_tokens: 77, seed: 5, presence_penalty: 0.1 });
    expect(sent).toMatchObject({ stop: ['END'], response_format: { type: 'json_object' } });
    // A system message behind another one stays in its place.
    expect(sent['messages']).toContainEqual({ role: 'system', content: 'Be brief.' });
  });

  test('leaving a stream closes the socket to the upstream', async () => {
    const before = upstream.requests.length;
    const stream = await sdk().chat.completions.create({ model: 'ok:n=5000,gap=20', messages, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    const mine = upstream.requests[before];
    await until(() => mine?.aborted, { what: 'the upstream socket to close' });
  });

  test('leaving a call in one piece closes it, too', async () => {
    const before = upstream.requests.length;
    const abort = new AbortController();
    const call = sdk().chat.completions.create({ model: 'ok:n=5000,gap=20', messages }, { signal: abort.signal });
    await until(() => upstream.requests.length > before);
    abort.abort();
    await expect(call).rejects.toThrow();
    await until(() => upstream.requests[before]?.aborted);
  });

  test.each([
    ['auth', 502, 'upstream_auth_failed'],
    ['429:ra=1,times=9', 429, 'upstream_rate_limited'],
    ['500:times=9', 502, 'upstream_error'],
    ['context', 400, 'context_length_exceeded'],
    ['cut:after=3', 502, 'upstream_cut'],
    ['html', 502, 'upstream_invalid'],
  ])('an upstream that answers %s is an error %i %s, never an answer', async (model, status, code) => {
    const failure = await sdk()
      .chat.completions.create({ model, messages })
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failure).toBeInstanceOf(OpenAI.APIError);
    expect(failure).toMatchObject({ status, code });
    expect(JSON.stringify(failure)).not.toContain('sk-upstream-secret-123');
  });

  test('a stream that breaks off ends with an error, not like a finished one', async () => {
    const read = async (): Promise<void> => {
      const stream = await sdk().chat.completions.create({ model: 'cut:after=3', messages, stream: true });
      for await (const chunk of stream) expect(chunk.choices[0]?.finish_reason ?? null).toBeNull();
    };
    await expect(read()).rejects.toMatchObject({ code: 'upstream_cut' });
    const data = frames(await (await post({ model: 'cut:after=3', stream: true })).text());
    expect(JSON.parse(data.at(-2) ?? '')).toMatchObject({ error: { code: 'upstream_cut', param: null } });
    expect(data.at(-1)).toBe('[DONE]');
  });

  test('one failed try is retried before the first token', async () => {
    const answer = await sdk().chat.completions.create({ model: '500:times=1', messages });
    expect(answer.choices[0]?.finish_reason).toBe('stop');
  });

  test('models are listed, the default first, and looked up by name', async () => {
    const list = await sdk().models.list();
    expect(list.data[0]).toMatchObject({ id: 'talaria', object: 'model' });
    expect(await sdk().models.retrieve('talaria')).toMatchObject({ id: 'talaria' });
  });
});

describe('a run behind every call', () => {
  test('for every cursor k, what was seen before k and what a resume gives on another replica is the whole', async () => {
    const response = await post({ model: 'ok:n=25,gap=2', stream: true });
    const runId = response.headers.get('x-run-id') ?? '';
    const events = async (replica: number, after: Record<string, string> = {}): Promise<string[]> => {
      const answer = await fetch(url(`/v1/runs/${runId}/events`, replica), { headers: { ...headers, ...after } });
      return frames(await answer.text());
    };
    // One listener on each replica while it runs, and the caller.
    const [during0, during1] = await Promise.all([events(0), events(1), response.text()]);
    const canonical = await events(1);
    expect(during0).toEqual(canonical);
    expect(during1).toEqual(canonical);
    expect(JSON.parse(canonical.at(-1) ?? '')).toMatchObject({ event: 'run.completed', run_id: runId });
    for (let k = 0; k < canonical.length; k++) {
      const last = k === 0 ? undefined : (JSON.parse(canonical[k - 1] ?? '') as { seq: number }).seq;
      const rest = await events(k % 2, last === undefined ? {} : { 'last-event-id': `${runId}:${last}` });
      expect([...canonical.slice(0, k), ...rest]).toEqual(canonical);
    }
  });

  test('another key does not see it', async () => {
    const response = await post({ model: 'talaria' });
    const runId = response.headers.get('x-run-id') ?? '';
    const ask = (path: string, method = 'GET'): Promise<Response> =>
      fetch(url(path), { method, headers: { authorization: `Bearer ${BOB}` } });
    for (const id of [runId, 'run_00000000000000000000000000000000']) {
      expect((await ask(`/v1/runs/${id}`)).status).toBe(404);
      expect((await ask(`/v1/runs/${id}/events`)).status).toBe(404);
      expect((await ask(`/v1/runs/${id}/stop`, 'POST')).status).toBe(404);
    }
    expect((await fetch(url(`/v1/runs/${runId}`), { headers })).status).toBe(200);
  });

  test('a run is stopped from the replica that did not start it, and its stream says so', async () => {
    const before = upstream.requests.length;
    const response = await post({ model: 'ok:n=5000,gap=20', stream: true });
    const runId = response.headers.get('x-run-id') ?? '';
    await until(() => upstream.requests.length > before);
    const stopped = await fetch(url(`/v1/runs/${runId}/stop`, 1), { method: 'POST', headers });
    expect(await stopped.json()).toMatchObject({ run_id: runId, status: 'cancelled' });
    const data = frames(await response.text());
    expect(JSON.parse(data.at(-2) ?? '')).toMatchObject({ error: { code: 'run_cancelled' } });
    expect(data.at(-1)).toBe('[DONE]');
    await until(() => upstream.requests[before]?.aborted, { ms: 2_000 });
  });

  test('one Idempotency-Key is one run, on both replicas, streaming or not', async () => {
    const before = upstream.requests.length;
    const key = { 'idempotency-key': `key-${Date.now()}` };
    const body = { model: 'ok:n=10,gap=5', stream: true };
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => post(body, key, i % 2)));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(answers.map((answer) => answer.headers.get('x-run-id'))).size).toBe(1);
    expect(new Set(texts.map((text) => frames(text).join('\n'))).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(19);
    expect(upstream.requests.length - before).toBe(1);
    const conflict = await post({ ...body, temperature: 1 }, key, 1);
    expect(conflict.status).toBe(409);
    expect(conflict.headers.get('x-should-retry')).toBe('false');
    expect(await conflict.json()).toMatchObject({ error: { code: 'idempotency_key_conflict' } });
  });
});
