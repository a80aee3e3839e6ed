import { headers, ResponsesLab } from '../support/responses-lab.js';

/** Idempotency-Key on what is created without a run, on real processes: two API replicas, the store on Postgres. */
let lab: ResponsesLab;
beforeAll(async () => {
  lab = await ResponsesLab.start(1);
});
afterAll(() => lab?.stop());

async function post(path: string, key: string, body: object, replica = 0) {
  const init = { method: 'POST', headers: { ...headers, 'idempotency-key': key }, body: JSON.stringify(body) };
  const answer = await fetch(lab.url(path, replica), init);
  const isReplayed = answer.headers.get('idempotency-replayed') === 'true';
  return { status: answer.status, isReplayed, body: (await answer.json()) as Record<string, unknown> };
}
const note = (content: string) => ({ type: 'message', role: 'user', content });

/** Sends it twice, to two replicas, and then with another body. @returns the one answer of both. */
async function twice(path: string, key: string, body: object, status: number) {
  const [first, second] = [await post(path, key, body), await post(path, key, body, 1)];
  expect([first.status, first.isReplayed]).toEqual([status, false]);
  expect(second).toEqual({ ...first, isReplayed: true });
  // Sessions have no metadata, and a field that they do not have is refused.
  const change = path.endsWith('/fork') ? { title: 'Another' } : { metadata: { other: '1' } };
  const other = await post(path, key, { ...body, ...change }, 1);
  expect([other.status, other.body]).toMatchObject([409, { error: { code: 'idempotency_key_conflict' } }]);
  return first.body;
}

test('a conversation, and its items, are created once', async () => {
  const made = await twice('/v1/conversations', 'c', { metadata: { topic: 'x' }, items: [note('Zero')] }, 200);
  const path = `/v1/conversations/${String(made['id'])}/items`;
  await twice(path, 'i', { items: [note('One'), note('Two')] }, 200);
  const list = await lab.sdk().conversations.items.list(String(made['id']));
  expect(list.data).toHaveLength(3);
  // A key belongs to its route: the same one on another conversation is another request.
  const second = (await post('/v1/conversations', 'c2', {})).body;
  expect(await post(`/v1/conversations/${String(second['id'])}/items`, 'i', { items: [note('One')] })).toMatchObject({
    status: 200,
    isReplayed: false,
  });
});

test('a request that was refused leaves its key free', async () => {
  expect((await post('/v1/conversations', 'r', { metadata: 1 })).status).toBe(400);
  expect(await post('/v1/conversations', 'r', {})).toMatchObject({ status: 200, isReplayed: false });
});

test('a session is forked once, under the name that was asked for or made', async () => {
  const said = { model: 'ok:n=1', messages: [note('Hello')] };
  const inSession = { ...headers, 'x-session-id': 'trunk' };
  const url = lab.url('/v1/chat/completions');
  await (await fetch(url, { method: 'POST', headers: inSession, body: JSON.stringify(said) })).text();
  const path = '/api/sessions/trunk/fork';
  const made = await twice(path, 'f', {}, 201);
  expect(made).toMatchObject({ id: expect.stringMatching(/^session_[0-9a-f]{32}$/), parent_session_id: 'trunk' });
  expect(await twice(path, 'g', { session_id: 'branch' }, 201)).toMatchObject({ id: 'branch' });
  expect((await post(path, 'h', { session_id: 'branch' })).status).toBe(409);
});
