import type OpenAI from 'openai';
import { ALICE, BOB, headers, rejected, ResponsesLab } from '../support/responses-lab.js';
import { until } from '../support/until.js';
import { storedRun } from '../support/stored-run.js';

/** What a model is told of conversations, on real processes: nothing that was deleted, and everything else once. */
let lab: ResponsesLab;

beforeAll(async () => {
  lab = await ResponsesLab.start(1);
});
afterAll(() => lab?.stop());
beforeEach(() => lab.upstream.reset());

const sdk = (replica = 0, apiKey = ALICE): OpenAI => lab.sdk(replica, apiKey);
/** The messages of the newest model call. */
const told = (): string[] =>
  ((lab.upstream.requests.at(-1)?.body['messages'] ?? []) as { role: string; content: unknown }[]).map(
    ({ role, content }) => `${role}: ${String(content)}`,
  );

describe('an id that a client gave', () => {
  const message = (id: string, content: string) => ({ id, type: 'message', role: 'user', content }) as const;
  const add = (conversation: string, ...items: readonly object[]) =>
    sdk().conversations.items.create(conversation, { items: items as OpenAI.Responses.ResponseInputItem[] });
  const textsOf = async (conversation: string): Promise<string[]> =>
    (await sdk().conversations.items.list(conversation, { order: 'asc' })).data.map((item) =>
      ((item as { content?: { text?: string }[] }).content ?? []).map(({ text }) => text).join(''),
    );

  test('is that of one item: another one is refused by name, the same one is a repetition', async () => {
    const { id } = await sdk().conversations.create();
    await add(id, message('a', '1'));
    await add(id, message('a', '1'), message('b', '2'));
    expect(await rejected(add(id, message('c', '3'), message('a', 'other')))).toMatchObject({
      status: 400,
      code: 'invalid_request',
      param: 'items[1].id',
    });
    expect(await rejected(add(id, message('d', '4'), message('d', '4')))).toMatchObject({
      status: 400,
      param: 'items[1].id',
    });
    expect(await textsOf(id)).toEqual(['1', '2']);
  });

  test('longer than any is of nothing that there is', async () => {
    const { id } = await sdk().conversations.create();
    const long = 'a'.repeat(1_000);
    for (const path of [long, `${long}/items`, `${id}/items/${long}`]) {
      const { status } = await fetch(lab.url(`/v1/conversations/${path}`), { headers });
      expect([path.length, status]).toEqual([path.length, 404]);
    }
    const item = { method: 'DELETE', headers: { authorization: headers.authorization } };
    expect((await fetch(lab.url(`/v1/conversations/${id}/items/${long}`), item)).status).toBe(404);
  });

  test('costs a response nothing that was said to it', async () => {
    const { id } = await sdk().conversations.create({ items: [message('a', 'before')] });
    const input = [message('a', 'Hello')] as unknown as OpenAI.Responses.ResponseInput;
    const one = await sdk().responses.create({ model: 'ok:n=1', input, conversation: id });
    expect(await textsOf(id)).toEqual(['before', 'Hello', one.output_text]);
    await sdk().responses.create({ model: 'ok:n=1', input: 'Two', conversation: id });
    expect(told()).toEqual(['user: before', 'user: Hello', `assistant: ${one.output_text}`, 'user: Two']);
  });
});

describe('a result', () => {
  const tools = [{ type: 'function', name: 'clock', parameters: { type: 'object' }, strict: false }] as const;
  const ask = (input: string | readonly object[], more: object) =>
    sdk().responses.create({
      model: 'tools',
      tools: [...tools],
      input: input as OpenAI.Responses.ResponseInput,
      ...more,
    });
  const result = (call_id: string) => ({ type: 'function_call_output', call_id, output: 'noon' });
  const callOf = ({ output }: OpenAI.Responses.Response): string => {
    const [call] = output.filter((item) => item.type === 'function_call');
    return call?.call_id ?? '';
  };
  const refused = { status: 400, code: 'invalid_request', param: 'input', message: expect.stringContaining('typo') };

  test('that answers no call of the responses before is refused and named', async () => {
    const one = await ask('When?', {});
    const previous = { previous_response_id: one.id };
    expect(await rejected(ask([result('typo')], previous))).toMatchObject(refused);
    expect(await rejected(ask([result(callOf(one)), result('typo')], previous))).toMatchObject(refused);
    const two = await ask([result(callOf(one))], previous);
    expect(told().at(-1)).toBe('tool: noon');
    // Said once more: its call is further up.
    await ask([result(callOf(one)), { role: 'user', content: 'Sure?' }], { previous_response_id: two.id });
    expect(told().at(-1)).toBe('user: Sure?');
  });

  test('that answers no call of the conversation is refused and named', async () => {
    const { id } = await sdk().conversations.create();
    const one = await ask('When?', { conversation: id });
    expect(await rejected(ask([result('typo')], { conversation: id }))).toMatchObject(refused);
    await ask([result(callOf(one))], { conversation: id });
    expect(told().at(-1)).toBe('tool: noon');
  });

  test('that answers no call of an item that is named is refused and named', async () => {
    const one = await ask('When?', {});
    const call = { type: 'item_reference', id: one.output.find(({ type }) => type === 'function_call')?.id };
    expect(await rejected(ask(['When?', call, result('typo')] as object[], {}))).toMatchObject(refused);
    await ask(['When?', call, result(callOf(one))] as object[], {});
    expect(told().at(-1)).toBe('tool: noon');
  });
});

describe('POST /v1/runs', () => {
  const start = async (fields: object) => {
    const response = await fetch(lab.url('/v1/runs'), { method: 'POST', headers, body: JSON.stringify(fields) });
    return { status: response.status, body: (await response.json()) as { run_id: string; error: { param: string } } };
  };

  test('continues no run that is not finished, and is told its answer afterwards', async () => {
    const { run_id: parent } = (await start({ model: 'ok:n=2,first=1000', input: 'One' })).body;
    const next = { model: 'ok:n=1', input: 'Two', previous_response_id: parent };
    const refused = await start(next);
    expect([refused.status, refused.body.error]).toMatchObject([400, { param: 'previous_response_id' }]);
    await until(async () => (await start(next)).status === 202);
    await until(() => told().length === 3);
    expect(told()).toEqual(['user: One', expect.stringMatching(/^assistant: ./), 'user: Two']);
  });

  test('refuses a result that answers no call of the runs before', async () => {
    const tools = [{ type: 'function', name: 'clock', parameters: { type: 'object' }, strict: false }] as const;
    const { id: parent, output } = await sdk().responses.create({ model: 'tools', input: 'When?', tools: [...tools] });
    const [{ call_id: callId } = { call_id: '' }] = output.filter((item) => item.type === 'function_call');
    const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'noon' });
    const next = { model: 'ok:n=1', previous_response_id: parent };
    const refused = await start({ ...next, input: [result('typo')] });
    expect([refused.status, refused.body.error]).toMatchObject([400, { param: 'input' }]);
    expect((await start({ ...next, input: [result(callId)] })).status).toBe(202);
    await until(() => told().at(-1) === 'tool: noon');
  });

  test('continues no response that was not to be stored', async () => {
    const kept = await sdk().responses.create({ model: 'ok:n=1', input: 'One' });
    const unkept = await sdk().responses.create({ model: 'ok:n=1', input: 'SECRET', store: false });
    const next = { model: 'ok:n=1', input: 'Two' };
    const runId = unkept.id.replace('resp_', 'run_');
    for (const id of [unkept.id, runId]) {
      const refused = await start({ ...next, previous_response_id: id });
      expect([refused.status, refused.body.error]).toMatchObject([404, { param: 'previous_response_id' }]);
    }
    expect((await fetch(lab.url(`/v1/runs/${runId}`), { headers })).status).toBe(200);
    expect((await start({ ...next, previous_response_id: kept.id })).status).toBe(202);
  });
});

describe('a name whose conversation was deleted', () => {
  const say = (conversation: string, input: string, more: object = {}) =>
    sdk().responses.create({ model: 'ok:n=1', input, conversation, ...more });

  test('means a new conversation, that knows nothing of the deleted one', async () => {
    const one = await say('nm', 'SECRET-ONE');
    const id = one.conversation?.id ?? '';
    expect(await rejected(sdk(0, BOB).conversations.delete(id))).toMatchObject({ status: 404 });
    await sdk(1).conversations.delete(id);
    const two = await say('nm', 'after');
    expect(told()).toEqual(['user: after']);
    expect(two.conversation?.id).toBe(id);
    await say('nm', 'more');
    expect(told()).toEqual(['user: after', `assistant: ${two.output_text}`, 'user: more']);
  });

  test('and gets nothing of a response that went on meanwhile', async () => {
    const one = await say('busy', 'SECRET-ONE', { model: 'ok:n=2,first=1500', background: true });
    const id = one.conversation?.id ?? '';
    // Another key takes nobody's turn.
    expect(await rejected(sdk(0, BOB).conversations.delete(id))).toMatchObject({ status: 404 });
    expect(await rejected(say('busy', 'too early'))).toMatchObject({ status: 409 });
    await sdk().conversations.delete(id);
    await say('busy', 'after');
    const isStored = async () => (await storedRun(lab.stack.store.url, one.id.replace('resp_', 'run_'))) !== undefined;
    await until(async () => (await sdk().responses.retrieve(one.id)).status === 'completed' && (await isStored()));
    await say('busy', 'more');
    expect(told()[0]).toBe('user: after');
    expect(told().join()).not.toContain('SECRET');
  });
});
