import { storeClient } from '#libs/store-client';
import OpenAI from 'openai';
import type { ResponseStreamEvent } from 'openai/resources/responses/responses';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { WebSocket } from 'ws';
import type { RecordedRequest } from '../support/fake-upstream.js';
import { soon } from '../support/hang.js';
import { ALICE, BOB, headers, rejected, ResponsesLab } from '../support/responses-lab.js';
import { until } from '../support/until.js';
import { storedRun } from '../support/stored-run.js';

/** Conversations, WebSockets, compaction, token counts, and a store that is away, on real processes. */
let lab: ResponsesLab;

beforeAll(async () => {
  lab = await ResponsesLab.start(1);
});
afterAll(() => lab?.stop());
beforeEach(() => lab.upstream.reset());

const url = (path: string, replica = 0): string => lab.url(path, replica);
const sdk = (replica = 0, apiKey = ALICE): OpenAI => lab.sdk(replica, apiKey);
const told = (request: RecordedRequest | undefined): string[] =>
  ((request?.body['messages'] ?? []) as { role: string; content: unknown }[]).map(
    ({ role, content }) => `${role}: ${String(content)}`,
  );
const textOf = (item: object): string =>
  ((item as { content?: { text?: string }[] }).content ?? []).map(({ text }) => text).join('');

describe('conversations', () => {
  test('take the items of responses the moment these end, and tell them to the next one', async () => {
    const conversation = await sdk().conversations.create({
      metadata: { topic: 'x' },
      items: [{ type: 'message', role: 'user', content: 'Zero' }],
    });
    expect(conversation).toMatchObject({ object: 'conversation', metadata: { topic: 'x' } });
    const one = await sdk(1).responses.create({ model: 'ok:n=1', input: 'One', conversation: conversation.id });
    expect(one).toMatchObject({ conversation: { id: conversation.id }, previous_response_id: null });
    const items = await sdk().conversations.items.list(conversation.id, { order: 'asc' });
    expect(items.data.map(textOf)).toEqual(['Zero', 'One', one.output_text]);
    await sdk().conversations.items.create(conversation.id, {
      items: [{ type: 'message', role: 'user', content: 'Noted' }],
    });
    await sdk().responses.create({ model: 'ok:n=1', input: 'Two', conversation: { id: conversation.id } });
    expect(told(lab.upstream.requests.at(-1))).toEqual([
      'user: Zero',
      'user: One',
      `assistant: ${one.output_text}`,
      'user: Noted',
      'user: Two',
    ]);
    expect((await sdk(1).conversations.items.list(conversation.id)).data).toHaveLength(6);
  });

  test('items are found, deleted and not told any more; the resource itself is changed and deleted', async () => {
    const { id } = await sdk().conversations.create();
    const one = await sdk().responses.create({ model: 'ok:n=1', input: 'Secret', conversation: id });
    const [answer, question] = (await sdk().conversations.items.list(id)).data;
    expect(await sdk(1).conversations.items.retrieve(question?.id ?? '', { conversation_id: id })).toEqual(question);
    expect(answer?.id).toBe(one.output[0]?.id);
    expect(await sdk().conversations.items.delete(question?.id ?? '', { conversation_id: id })).toMatchObject({ id });
    await sdk().responses.create({ model: 'ok:n=1', input: 'Two', conversation: id });
    expect(told(lab.upstream.requests.at(-1)).join()).not.toContain('Secret');
    expect(await sdk(1).conversations.update(id, { metadata: { a: 'b' } })).toMatchObject({ metadata: { a: 'b' } });
    expect(await sdk().conversations.retrieve(id)).toMatchObject({ id, metadata: { a: 'b' } });
    const gone = { status: 404, code: 'conversation_not_found' };
    const bob = sdk(0, BOB);
    expect(await rejected(bob.conversations.retrieve(id))).toMatchObject(gone);
    expect(await rejected(bob.conversations.items.list(id))).toMatchObject(gone);
    expect(await rejected(bob.responses.create({ model: 'ok', input: 'x', conversation: id }))).toMatchObject(gone);
    expect(await sdk().conversations.delete(id)).toEqual({ id, object: 'conversation.deleted', deleted: true });
    expect(await rejected(sdk(1).conversations.retrieve(id))).toMatchObject(gone);
    expect(await rejected(sdk().responses.create({ model: 'ok', input: 'x', conversation: id }))).toMatchObject(gone);
    expect((await sdk().responses.retrieve(one.id)).status).toBe('completed');
  });

  test('one response at a time', async () => {
    const { id } = await sdk().conversations.create();
    const first = await sdk().responses.create({
      model: 'ok:n=3,first=400',
      input: 'One',
      conversation: id,
      background: true,
    });
    const second = sdk(1).responses.create({ model: 'ok', input: 'Two', conversation: id });
    expect(await rejected(second)).toMatchObject({ status: 409, code: 'conversation_locked' });
    const patient = new OpenAI({ baseURL: url('/v1', 1), apiKey: ALICE, maxRetries: 5 });
    await patient.responses.create({ model: 'ok:n=1', input: 'Three', conversation: id });
    expect(told(lab.upstream.requests.at(-1))).toHaveLength(3);
    expect((await sdk().responses.retrieve(first.id)).status).toBe('completed');
  });

  test('by name: each key has its own, and deleting responses does not break it', async () => {
    const say = (input: string, apiKey = ALICE) =>
      sdk(0, apiKey).responses.create({ model: 'ok:n=1', input, conversation: 'my chat' });
    const one = await say('One');
    await say('Bob', BOB);
    expect(told(lab.upstream.requests.at(-1))).toEqual(['user: Bob']);
    const two = await say('Two');
    expect(told(lab.upstream.requests.at(-1))).toHaveLength(3);
    await sdk().responses.delete(one.id);
    await sdk().responses.delete(two.id);
    await say('Three');
    expect(told(lab.upstream.requests.at(-1)).filter((line) => line.startsWith('user'))).toEqual([
      'user: One',
      'user: Two',
      'user: Three',
    ]);
  });
});

describe('compaction and token counts', () => {
  test('a conversation becomes its user messages and one item that stands for the rest', async () => {
    const one = await sdk().responses.create({ model: 'ok:n=4', input: 'My name is Ada.' });
    lab.upstream.reset();
    const compacted = await sdk(1).responses.compact({
      model: 'ok:n=6',
      previous_response_id: one.id,
      input: 'Go on.',
    });
    expect(compacted.object).toBe('response.compaction');
    expect(compacted.output.map(({ type }) => type)).toEqual(['message', 'message', 'compaction']);
    expect(compacted.usage.output_tokens).toBeGreaterThan(0);
    const transcript = told(lab.upstream.requests[0]).at(-1) ?? '';
    expect(transcript).toContain('My name is Ada.');
    expect(transcript).toContain(one.output_text);
    const input = [...compacted.output, { role: 'user', content: 'Who am I?' }] as OpenAI.Responses.ResponseInput;
    await sdk().responses.create({ model: 'ok', input });
    const lines = told(lab.upstream.requests.at(-1));
    expect(lines).toHaveLength(4);
    expect(lines[2]).toContain('Summary of the conversation so far');
    expect(await rejected(sdk().responses.retrieve(compacted.id))).toMatchObject({ status: 404 });
    expect(await rejected(sdk().responses.compact({ model: 'cut:after=1', input: 'x' }))).toMatchObject({
      status: 502,
    });
    expect(await rejected(sdk().responses.compact({ model: 'ok' }))).toMatchObject({ status: 400, param: 'input' });
  });

  test('tokens are counted with what the request continues, also of texts without any boundary', async () => {
    const count = async (fields: object): Promise<number> => {
      const answer = await sdk().responses.inputTokens.count({ model: 'ok', ...fields });
      expect(answer.object).toBe('response.input_tokens');
      return answer.input_tokens;
    };
    const short = await count({ input: 'Hello world' });
    expect(short).toBeGreaterThan(2);
    expect(short).toBeLessThan(15);
    expect(await count({ input: 'Hello world', instructions: 'Be very brief.' })).toBeGreaterThan(short);
    const one = await sdk().responses.create({ model: 'ok:n=50', input: 'Hello world' });
    expect(await count({ input: 'Hello world', previous_response_id: one.id })).toBeGreaterThan(2 * short);
    expect(await count({ previous_response_id: one.id })).toBeGreaterThan(short);
    expect(await soon(count({ input: 'a'.repeat(60_000) }))).toBeGreaterThan(1_000);
    expect(await rejected(count({}))).toMatchObject({ status: 400, param: 'input' });
  });
});

describe('over a WebSocket', () => {
  const open = async (options: { key?: string; headers?: Record<string, string>; path?: string } = {}) => {
    const { key = ALICE, path = '/v1/responses' } = options;
    const socket = new WebSocket(url(path).replace('http', 'ws'), {
      headers: { authorization: `Bearer ${key}`, ...options.headers },
    });
    const messages: (ResponseStreamEvent & { status?: number; error?: { code: string } })[] = [];
    socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString())));
    await once(socket, 'open');
    const ends = () => messages.filter(({ type }) => /^(error|response\.(completed|failed|incomplete))$/.test(type));
    return {
      socket,
      messages,
      /** Sends a message and waits for its end: the last event of the response, or an error. */
      async ask(message: object) {
        const known = ends().length;
        socket.send(JSON.stringify({ type: 'response.create', model: 'ok:n=3', ...message }));
        await until(() => ends().length > known);
        return ends().at(-1) as { type: string; response: { id: string }; status: number; error: { code: string } };
      },
    };
  };
  const refusal = async (options: Parameters<typeof open>[0]): Promise<string> => String(await rejected(open(options)));

  test('the official client streams responses one after the other and chains them', async () => {
    const client = new ResponsesWS(sdk());
    const types: string[] = [];
    const ends: string[] = [];
    client.on('event', (event) => {
      types.push(event.type ?? '');
      if (event.type === 'response.completed') ends.push(event.response.id);
    });
    client.send({ type: 'response.create', model: 'ok:n=3', input: 'One' });
    client.send({ type: 'response.create', model: 'ok:n=3', input: 'Two' });
    await until(() => ends.length === 2);
    expect(types.filter((type) => type === 'response.created' || type === 'response.completed')).toEqual([
      'response.created',
      'response.completed',
      'response.created',
      'response.completed',
    ]);
    client.send({ type: 'response.create', model: 'ok', input: 'Three', previous_response_id: ends[0] ?? '' });
    await until(() => ends.length === 3);
    expect(told(lab.upstream.requests.at(-1))[0]).toBe('user: One');
    expect((await sdk(1).responses.retrieve(ends[2] ?? '')).status).toBe('completed');
    client.close();
  });

  test('what is not stored is continued on its own connection and nowhere else', async () => {
    const [own, other] = [await open(), await open()];
    const one = await own.ask({ input: 'One', store: false });
    const runId = one.response.id.replace('resp_', 'run_');
    await until(async () => (await storedRun(lab.stack.store.url, runId)) !== undefined);
    const chained = { input: 'Two', store: false, previous_response_id: one.response.id };
    expect(await other.ask(chained)).toMatchObject({
      type: 'error',
      status: 404,
      error: { code: 'previous_response_not_found' },
    });
    const two = await own.ask(chained);
    expect(two.type).toBe('response.completed');
    expect(told(lab.upstream.requests.at(-1))).toEqual([
      'user: One',
      expect.stringMatching(/^assistant: ./),
      'user: Two',
    ]);
    const failed = await own.ask({ ...chained, model: 'cut:after=1', previous_response_id: two.response.id });
    expect(failed.type).toBe('response.failed');
    const again = await own.ask({ ...chained, previous_response_id: two.response.id });
    expect(again.error.code).toBe('previous_response_not_found');
    own.socket.close();
    other.socket.close();
  });

  test('leaving ends the run, and messages that are none are answered', async () => {
    const { socket, ask, messages } = await open({ path: '/responses' });
    expect(await ask({ type: 'session.update' })).toMatchObject({ type: 'error', status: 400 });
    expect(await ask({ input: 'x', background: true })).toMatchObject({ error: { code: 'unsupported_parameter' } });
    expect(await ask({ input: '' })).toMatchObject({ type: 'error', status: 400, error: { param: 'input' } });
    socket.send('{');
    await until(() => messages.some(({ error }) => error?.code === 'invalid_json'));
    const before = lab.upstream.requests.length;
    socket.send(JSON.stringify({ type: 'response.create', model: 'hang:after=2', input: 'x' }));
    await until(() => messages.some(({ type }) => type === 'response.output_text.delta'));
    socket.terminate();
    await until(() => lab.upstream.requests[before]?.aborted);
  });

  test('nobody comes in who could not come in over HTTP', async () => {
    expect(await refusal({ key: 'wrong' })).toContain('401');
    expect(await refusal({ headers: { origin: 'https://evil.example' } })).toContain('403');
    expect(await refusal({ headers: { host: 'evil.example' } })).toContain('403');
    expect(await refusal({ path: '/v1/runs' })).toContain('404');
  });

  test('a request that offers h2c is answered over HTTP, with its body', async () => {
    const offer = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQCAAAAAAIAAAAA',
    };
    const body = JSON.stringify({ model: 'ok', input: 'Hello' });
    const request = httpRequest(url('/v1/responses'), { method: 'POST', headers: { ...headers, ...offer } });
    request.end(body);
    const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    expect([response.statusCode, JSON.parse(text)]).toMatchObject([200, { status: 'completed' }]);
  });
});

describe('while the store is away', () => {
  test('responses complete, are chained and read; nothing is lost once it is back', async () => {
    const before = await sdk().responses.create({ model: 'ok:n=1', input: 'q0' });
    const port = new URL(lab.stack.store.url).port;
    await lab.stack.store.kill('SIGKILL');
    const ids: string[] = [before.id];
    while (ids.length <= 40) {
      const n = ids.length;
      const previous = { previous_response_id: ids.at(-1) ?? '' };
      const made = await sdk(n % 2).responses.create({ model: 'ok:n=1', input: `q${n}`, ...previous });
      expect(made.status).toBe('completed');
      ids.push(made.id);
      if (n % 10 === 0) expect((await sdk((n + 1) % 2).responses.retrieve(made.id)).output_text).toBe(made.output_text);
    }
    const questions = told(lab.upstream.requests.at(-1)).filter((line) => line.startsWith('user'));
    expect(questions).toEqual(ids.map((_, i) => `user: q${i}`));
    expect(await rejected(sdk().responses.delete(ids[3] ?? ''))).toMatchObject({ status: 503 });
    expect((await sdk().responses.retrieve(ids[3] ?? '')).status).toBe('completed');
    const store = await lab.stack.start('store', { STORE_PORT: port });
    const isStored = async (id: string): Promise<boolean> =>
      (await storedRun(store.url, id.replace('resp_', 'run_'))) !== undefined;
    await until(async () => (await Promise.all(ids.map(isStored))).every(Boolean), { ms: 40_000, what: 'all rows' });
    const { runs } = storeClient({ url: store.url });
    expect(await runs.turns(ids.at(-1)?.replace('resp_', 'run_') ?? '')).toHaveLength(ids.length);
    const after = await sdk(1).responses.create({ model: 'ok', input: 'last', previous_response_id: ids.at(-1) ?? '' });
    expect(after.status).toBe('completed');
    expect(told(lab.upstream.requests.at(-1))).toHaveLength(2 * ids.length + 1);
  });
});
