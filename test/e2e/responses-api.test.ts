import { connectRedis } from '#libs/bus';
import OpenAI from 'openai';
import type { Response as OpenAIResponse, ResponseStreamEvent } from 'openai/resources/responses/responses';
import type { RecordedRequest } from '../support/fake-upstream.js';
import { ALICE, BOB, headers, rejected, ResponsesLab } from '../support/responses-lab.js';
import { until } from '../support/until.js';
import { storedRun } from '../support/stored-run.js';

/** The Responses API as a client has it: the official SDK, two API replicas, real processes. */
let lab: ResponsesLab;

beforeAll(async () => {
  lab = await ResponsesLab.start(2);
});
afterAll(() => lab?.stop());
beforeEach(() => lab.upstream.reset());

const url = (path: string, replica = 0): string => lab.url(path, replica);
const sdk = (replica = 0, apiKey = ALICE): OpenAI => lab.sdk(replica, apiKey);
const post = (path: string, body: object, more: Record<string, string> = {}, replica = 0): Promise<Response> =>
  fetch(url(path, replica), { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(body) });

type Sent = { role: string; content?: unknown; tool_calls?: { id: string }[]; tool_call_id?: string };
const sent = (request: RecordedRequest | undefined): Sent[] => (request?.body['messages'] ?? []) as Sent[];

/** All events of a stream, as the SDK gives them. */
async function eventsOf(stream: AsyncIterable<ResponseStreamEvent>): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe('a response', () => {
  test('is created, retrieved on another replica, listed with its input, deleted and gone', async () => {
    const made = await sdk().responses.create({ model: 'ok:n=5', input: 'Hello', metadata: { a: 'b' } });
    expect(made).toMatchObject({ object: 'response', status: 'completed', metadata: { a: 'b' }, store: true });
    expect(made.output_text).not.toBe('');
    const other = sdk(1);
    expect(await other.responses.retrieve(made.id)).toMatchObject({ ...made, output_text: made.output_text });
    const items = await other.responses.inputItems.list(made.id);
    expect(items.data).toMatchObject([
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
    ]);
    expect(await rejected(sdk(0, BOB).responses.retrieve(made.id))).toMatchObject({ status: 404 });
    expect(await rejected(sdk(0, BOB).responses.delete(made.id))).toMatchObject({ status: 404 });
    const child = await sdk().responses.create({ model: 'ok', input: 'More', previous_response_id: made.id });
    const gone = await (await fetch(url(`/v1/responses/${made.id}`), { method: 'DELETE', headers })).json();
    expect(gone).toEqual({ id: made.id, object: 'response', deleted: true });
    for (const replica of [0, 1]) {
      expect(await rejected(sdk(replica).responses.retrieve(made.id))).toMatchObject({
        status: 404,
        code: 'response_not_found',
      });
    }
    expect(await rejected(sdk().responses.delete(made.id))).toMatchObject({ status: 404 });
    const direct = sdk().responses.create({ model: 'ok', input: 'x', previous_response_id: made.id });
    expect(await rejected(direct)).toMatchObject({ status: 404, code: 'previous_response_not_found' });
    lab.upstream.reset();
    await sdk().responses.create({ model: 'ok', input: 'And?', previous_response_id: child.id });
    expect(sent(lab.upstream.requests[0]).map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
    ]);
    expect(sent(lab.upstream.requests[0])[0]?.content).toBe('Hello');
  });

  test('input items are paged in both orders', async () => {
    const input = Array.from({ length: 7 }, (_, i) => ({ role: 'user' as const, content: `q${i}` }));
    const { id } = await sdk().responses.create({ model: 'ok', input });
    const all = await eventsOfPage(sdk(1).responses.inputItems.list(id, { order: 'asc', limit: 3 }));
    expect(all.map(({ content }) => content)).toMatchObject(input.map(({ content }) => [{ text: content }]));
    const newest = await sdk().responses.inputItems.list(id, { limit: 2 });
    expect(newest.data).toEqual(all.slice(-2).reverse());
    const bad = await fetch(url(`/v1/responses/${id}/input_items?limit=0`), { headers });
    expect([bad.status, await bad.json()]).toMatchObject([400, { error: { param: 'limit' } }]);
  });

  test('the stream helper gives the same response as retrieving it', async () => {
    const stream = sdk().responses.stream({ model: 'ok:n=10,gap=2', input: 'Hello' });
    let text = '';
    stream.on('response.output_text.delta', (event) => (text += event.delta));
    const final = await stream.finalResponse();
    expect(final.output_text).toBe(text);
    expect(text).not.toBe('');
    const again = sdk(1).responses.stream({ response_id: final.id });
    expect((await again.finalResponse()).output_text).toBe(text);
    expect((await sdk(1).responses.retrieve(final.id)).output_text).toBe(text);
  });

  test('what was not to be stored is not found and cannot be continued', async () => {
    const made = await sdk().responses.create({ model: 'ok', input: 'Hello', store: false });
    expect(made).toMatchObject({ store: false });
    expect(await rejected(sdk().responses.retrieve(made.id))).toMatchObject({ status: 404 });
    const next = sdk().responses.create({ model: 'ok', input: 'x', previous_response_id: made.id });
    expect(await rejected(next)).toMatchObject({ code: 'previous_response_not_found', status: 404 });
  });

  test('the same Idempotency-Key gives the same response, whatever it continues', async () => {
    const first = await sdk().responses.create({ model: 'ok', input: 'Hello' });
    const body = { model: 'ok', input: 'More', previous_response_id: first.id };
    const key = { 'Idempotency-Key': 'key-1' };
    const [a, b] = await Promise.all([post('/v1/responses', body, key), post('/responses', body, key, 1)]);
    const [one, two] = (await Promise.all([a.json(), b.json()])) as [OpenAIResponse, OpenAIResponse];
    expect(two.id).toBe(one.id);
    await sdk().responses.delete(first.id);
    expect(((await (await post('/v1/responses', body, key)).json()) as OpenAIResponse).id).toBe(one.id);
    await sdk().responses.delete(one.id);
    expect((await post('/v1/responses', body, key)).status).toBe(404);
    const other = await post('/v1/responses', { ...body, input: 'Other' }, key);
    expect([other.status, await other.json()]).toMatchObject([409, { error: { code: 'idempotency_key_conflict' } }]);
  });

  test('structured output, left-out tools and errors', async () => {
    const format = {
      type: 'json_schema' as const,
      name: 'answer',
      schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false },
      strict: true,
    };
    await sdk().responses.create({ model: 'ok', input: 'x', text: { format } });
    expect(lab.upstream.requests[0]?.body['response_format']).toMatchObject({
      type: 'json_schema',
      json_schema: { name: 'answer', schema: format.schema, strict: true },
    });
    const tools = [{ type: 'web_search' }, { type: 'local_shell' }];
    const left = await post('/v1/responses', { model: 'ok', input: 'x', tools, client_metadata: {} });
    expect([left.status, left.headers.get('x-left-out-tools')]).toEqual([200, 'web_search, local_shell']);
    const failed = await rejected(sdk().responses.create({ model: '500', input: 'x' }));
    expect(failed).toMatchObject({ status: 502, code: 'upstream_error' });
    const events = await eventsOf(await sdk().responses.create({ model: 'cut:after=2', input: 'x', stream: true }));
    expect(events.at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'failed' } });
    expect(await rejected(sdk().responses.create({ model: 'ok', input: [] }))).toMatchObject({
      status: 400,
      param: 'input',
    });
    const unknown = `resp_${'0'.repeat(32)}`;
    expect(await rejected(sdk().responses.retrieve(unknown))).toMatchObject({
      status: 404,
      code: 'response_not_found',
    });
    expect(await rejected(sdk().responses.retrieve('resp_x'))).toMatchObject({ status: 404 });
    expect(await rejected(sdk().responses.cancel(unknown))).toMatchObject({ status: 404 });
  });
});

describe('a chain', () => {
  test('of 20 turns at full speed over two replicas sends the whole conversation each time', async () => {
    let previous: string | undefined;
    for (let n = 1; n <= 20; n++) {
      const previousId = previous === undefined ? {} : { previous_response_id: previous };
      const request = { model: 'ok:n=2,vary=1', input: `question ${n}`, stream: true as const, ...previousId };
      // Chained in the instant in which the terminal event is seen.
      const stream = await sdk(n % 2).responses.create(request);
      for await (const event of stream) {
        if (event.type !== 'response.completed') continue;
        previous = event.response.id;
        break;
      }
    }
    const last = sent(lab.upstream.requests.at(-1));
    expect(last).toHaveLength(39);
    const questions = last.filter(({ role }) => role === 'user').map(({ content }) => content);
    expect(questions).toEqual(Array.from({ length: 20 }, (_, i) => `question ${i + 1}`));
    const answers = last.filter(({ role }) => role === 'assistant').map(({ content }) => String(content));
    expect(answers.map((text) => text.split(':')[0])).toEqual(Array.from({ length: 19 }, (_, i) => String(i + 1)));
  });

  test('carries function calls and their outputs, and developer messages but no instructions', async () => {
    const tools = [
      { type: 'function' as const, name: 'weather', parameters: { type: 'object', properties: {} }, strict: false },
    ];
    const asked = await sdk().responses.create({
      model: 'tools',
      input: [
        { role: 'developer', content: 'Be brief.' },
        { role: 'user', content: 'Weather?' },
      ],
      instructions: 'Only this time.',
      tools,
    });
    const call = asked.output.find((item) => item.type === 'function_call');
    expect(call).toMatchObject({ name: 'weather', status: 'completed' });
    const answered = await sdk(1).responses.create({
      model: 'tools',
      previous_response_id: asked.id,
      input: [{ type: 'function_call_output', call_id: call?.call_id ?? '', output: 'rain' }],
      tools,
    });
    expect(answered.output_text).not.toBe('');
    const told = sent(lab.upstream.requests.at(-1));
    expect(told.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool']);
    expect(told[0]?.content).toBe('Be brief.');
    expect(told[3]?.tool_call_id).toBe(told[2]?.tool_calls?.[0]?.id);
    expect(String(sent(lab.upstream.requests[0])[0]?.content)).toContain('Only this time.');
  });

  test('items can be named instead of sent', async () => {
    const first = await sdk().responses.create({ model: 'ok', input: 'Hello' });
    const id = first.output[0]?.id ?? '';
    const next = {
      model: 'ok',
      input: [
        { type: 'item_reference' as const, id },
        { role: 'user' as const, content: 'x' },
      ],
    };
    await sdk(1).responses.create(next);
    expect(sent(lab.upstream.requests.at(-1)).map(({ role }) => role)).toEqual(['assistant', 'user']);
    expect(await rejected(sdk(0, BOB).responses.create(next))).toMatchObject({ status: 404, param: 'input[0].id' });
  });
});

describe('resuming', () => {
  test('gives everything after every cursor, during and after the run, on the other replica', async () => {
    const made = await sdk().responses.create({ model: 'ok:n=12,gap=40', input: 'x', stream: true, background: true });
    const heard: ResponseStreamEvent[] = [];
    let id = '';
    const during: Promise<ResponseStreamEvent[]>[] = [];
    for await (const event of made) {
      heard.push(event);
      if (event.type === 'response.created') id = event.response.id;
      const after = event.sequence_number;
      during.push(sdk(1).responses.retrieve(id, { stream: true, starting_after: after }).then(eventsOf));
    }
    expect(heard.map((event) => event.sequence_number)).toEqual(heard.map((_, i) => i));
    for (const [i, events] of (await Promise.all(during)).entries()) expect(events).toEqual(heard.slice(i + 1));
    for (let i = 0; i < heard.length; i++) {
      const stream = await sdk(i % 2).responses.retrieve(id, { stream: true, starting_after: i });
      expect(await eventsOf(stream)).toEqual(heard.slice(i + 1));
    }
    expect(await eventsOf(await sdk(1).responses.retrieve(id, { stream: true }))).toEqual(heard);
    const wrong = await fetch(url(`/v1/responses/${id}?stream=true&starting_after=x`), { headers });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: { param: 'starting_after' } }]);
  });

  test('after the log has expired there is the whole stream, or its end after a cursor', async () => {
    const made = await sdk().responses.create({ model: 'ok:n=9', input: 'x' });
    const runId = made.id.replace('resp_', 'run_');
    await until(async () => (await storedRun(lab.stack.store.url, runId)) !== undefined);
    await expire(runId);
    expect((await sdk(1).responses.retrieve(made.id)).output_text).toBe(made.output_text);
    expect((await sdk(1).responses.inputItems.list(made.id)).data).toHaveLength(1);
    const whole = await eventsOf(await sdk().responses.retrieve(made.id, { stream: true }));
    expect(whole[0]?.type).toBe('response.created');
    expect(whole.map((event) => event.sequence_number)).toEqual(whole.map((_, i) => i));
    const end = await eventsOf(await sdk().responses.retrieve(made.id, { stream: true, starting_after: 100 }));
    expect(end).toMatchObject([{ type: 'response.completed', sequence_number: 101, response: { id: made.id } }]);
    const next = await sdk().responses.create({ model: 'ok', input: 'y', previous_response_id: made.id });
    expect(next.status).toBe('completed');
    expect(sent(lab.upstream.requests.at(-1))).toHaveLength(3);
    await sdk().responses.delete(made.id);
    expect(await rejected(sdk(1).responses.retrieve(made.id))).toMatchObject({ status: 404 });
  });
});

describe('in the background', () => {
  test('it answers at once and is polled until it is done', async () => {
    const made = await sdk().responses.create({ model: 'ok:n=5,first=300', input: 'x', background: true });
    expect(['queued', 'in_progress']).toContain(made.status);
    expect(made).toMatchObject({ background: true, output: [] });
    const busy = sdk().responses.create({ model: 'ok', input: 'y', previous_response_id: made.id });
    expect(await rejected(busy)).toMatchObject({ status: 400, param: 'previous_response_id' });
    const done = await until(async () => {
      const now = await sdk(1).responses.retrieve(made.id);
      return now.status === 'completed' ? now : undefined;
    });
    expect(done.output_text).not.toBe('');
  });

  test('cancelling it closes the upstream socket, and again changes nothing', async () => {
    const made = await sdk().responses.create({ model: 'hang:after=2', input: 'x', background: true });
    const request = await until(() => lab.upstream.requests[0]);
    const cancelled = await sdk(1).responses.cancel(made.id);
    expect(cancelled).toMatchObject({ id: made.id, status: 'cancelled' });
    await until(() => request.aborted);
    expect(await sdk().responses.cancel(made.id)).toEqual(cancelled);
    const foreground = await sdk().responses.create({ model: 'ok', input: 'x' });
    expect(await rejected(sdk().responses.cancel(foreground.id))).toMatchObject({ status: 400 });
    expect(await rejected(sdk(0, BOB).responses.cancel(made.id))).toMatchObject({ status: 404 });
  });

  test('deleting a response that still runs ends it', async () => {
    const made = await sdk().responses.create({ model: 'hang:after=2', input: 'x', background: true });
    const request = await until(() => lab.upstream.requests[0]);
    await sdk().responses.delete(made.id);
    await until(() => request.aborted);
    expect(await rejected(sdk(1).responses.retrieve(made.id))).toMatchObject({ status: 404 });
  });
});

/** Makes the log of a run expire now. */
async function expire(runId: string): Promise<void> {
  const connection = connectRedis({ url: lab.stack.redis.url, prefix: 'talaria', role: 'worker' });
  try {
    await connection.redis.del(connection.keys.log(runId), connection.keys.meta(runId));
  } finally {
    connection.close();
  }
}

/** Every element of all pages. */
async function eventsOfPage(pages: AsyncIterable<object>): Promise<{ content?: unknown }[]> {
  const all: { content?: unknown }[] = [];
  for await (const one of pages) all.push(one);
  return all;
}
