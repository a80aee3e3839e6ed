import { memoryRunLog } from '#libs/bus';
import { GatewayError, STORE_CALLS, type StoredConversations, type StorePorts } from '#libs/contract';
import {
  sqlJobStore,
  sqlStoredAccounts,
  sqlStoredRuns,
  sqlStoredSessions,
  sqlWebhookStore,
  upsertRuns,
  type SqlDatabase,
} from '#libs/store';
import { storeClient } from '#libs/store-client';
import { sqlStoredConversations } from '../../../../apps/store/src/stored-conversations.js';
import { createLogger } from '#libs/platform';
import { jobOf } from '../../../support/job.js';
import { migratedPglite } from '../../../support/pglite.js';
import { runSnapshot } from '../../../support/run-snapshot.js';
import { serveStore, type TestStoreService } from '../../../support/store-service.js';

const T0 = 1_790_000_000_000;
const noLog = memoryRunLog();

function portsOver(db: SqlDatabase): StorePorts {
  const now = (): number => T0;
  const logger = createLogger({ service: 'store', level: 'silent', pretty: false });
  return {
    runs: sqlStoredRuns(db, now),
    sessions: sqlStoredSessions(db, now),
    conversations: sqlStoredConversations({ db, log: noLog, logger, now }),
    jobs: sqlJobStore(db, now),
    accounts: sqlStoredAccounts(db),
    webhooks: sqlWebhookStore(db, now),
  };
}

describe('the ports of the store over HTTP', () => {
  let db: SqlDatabase;
  let service: TestStoreService;
  let store: StorePorts;

  beforeAll(async () => {
    db = await migratedPglite();
    service = await serveStore(portsOver(db));
    store = storeClient({ url: service.url });
  });
  afterAll(async () => {
    await service?.close();
    await db?.close();
  });

  const post = async (path: string, body: unknown, { headers = {}, url = service.url } = {}) => {
    const answer = await fetch(`${url}/internal/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return {
      status: answer.status,
      body: (await answer.json()) as unknown,
      retryAfter: answer.headers.get('retry-after'),
    };
  };

  test('a run comes back as it was stored, NUL and lone surrogates included', async () => {
    const run = runSnapshot({ items: [{ type: 'text', step: 1, status: 'completed', text: 'a\0b\ud800c' }] });
    await upsertRuns(db, [run]);
    expect(await store.runs.run(run.runId)).toEqual(run);
    expect((await store.runs.turns(run.runId)).map(({ runId }) => runId)).toEqual([run.runId]);
    await store.runs.deleteRun(run.runId);
    expect(await store.runs.run(run.runId)).toBeUndefined();
  });

  test('what is not there is undefined for the client, 404 with the four keys of an error on the wire', async () => {
    for (const id of ['run_nobody', '%00\0', 'x'.repeat(5_000), '../jobs/due']) {
      expect(await store.runs.run(id)).toBeUndefined();
      expect(await store.runs.turns(id, 1)).toEqual([]);
    }
    const message = 'There is no such thing here.';
    const error = { message, type: 'invalid_request_error', param: null, code: 'not_found' };
    expect(await post('runs/run', ['run_nobody'])).toMatchObject({ status: 404, body: { error } });
    expect(await store.jobs.view({ id: '0123456789ab' })).toBeUndefined();
    expect(await store.sessions.session({ owner: 'ann', sessionId: 'none' })).toBeUndefined();
    expect(await store.conversations.get({ owner: 'ann', id: 'none' })).toBeUndefined();
    expect(await store.conversations.all({ owner: 'ann', id: 'none' })).toBeUndefined();
  });

  test('a list is paged by its cursor, and takes every status that a run can have', async () => {
    const owner = 'a&b=c';
    const runs = [3, 2, 1].map((createdAt) => runSnapshot({ owner, createdAt }));
    await upsertRuns(db, runs);
    const first = await store.runs.runs({ owner, limit: 2 });
    expect(first.runs).toEqual(runs.slice(0, 2));
    expect(await store.runs.runs({ owner, limit: 2, after: first.next ?? '' })).toEqual({ runs: runs.slice(2) });
    for (const status of ['failed', 'waiting_for_approval'] as const) {
      expect(await store.runs.runs({ owner, limit: 2, status })).toEqual({ runs: [] });
    }
  });

  test('sessions are forked, renamed, listed and deleted', async () => {
    const run = runSnapshot({ owner: 'sue' });
    const name = { owner: 'sue', sessionId: 'copy' };
    const from = { sessionId: 'origin', runId: run.runId, runCreatedAt: 5 };
    expect(await store.sessions.forkSession({ ...name, title: null, from })).toMatchObject({ ...name, title: null });
    const again = store.sessions.forkSession({ ...name, title: 'again', from });
    await expect(again).rejects.toMatchObject({ code: 'session_exists', param: 'session_id' });
    expect(await store.sessions.renameSession(name, 'Plan %_')).toMatchObject({ title: 'Plan %_' });
    const { sessions } = await store.sessions.sessions({ owner: 'sue', search: '%_', limit: 200 });
    expect(sessions).toMatchObject([{ title: 'Plan %_', forkedFrom: { runId: run.runId } }]);
    expect(await store.sessions.deleteSession(name, T0)).toEqual([]);
    expect(await store.sessions.session(name)).toBeUndefined();
  });

  test('conversations take items, give them in pages, and are nobody else’s', async () => {
    const ref = { id: 'conv_1', owner: 'ann' };
    const item = (id: string) => ({ id, type: 'message', role: 'user', content: `${id} \0` });
    const made = { metadata: { a: 'b' }, createdAt: 7, items: [item('msg_1')] };
    expect(await store.conversations.ensure(ref, made)).toMatchObject({ id: 'conv_1', metadata: { a: 'b' } });
    expect(await store.conversations.ensure({ ...ref, owner: 'bob' }, made)).toBeUndefined();
    expect(await store.conversations.add(ref, [item('msg_2')])).toBe(true);
    expect(await store.conversations.add({ ...ref, owner: 'bob' }, [item('msg_3')])).toBe(false);
    const page = await store.conversations.list(ref, { order: 'desc', limit: 1 });
    expect(page).toEqual({ items: [item('msg_2')], hasMore: true });
    expect(await store.conversations.item(ref, 'msg_1')).toEqual(item('msg_1'));
    const full = store.conversations.list(ref, { order: 'asc', limit: 1, after: 'msg_9' });
    await expect(full).rejects.toMatchObject({ code: 'invalid_cursor', param: 'after' });
    expect(await store.conversations.deleteItem(ref, 'msg_1')).toBe(true);
    expect(await store.conversations.deleteItem(ref, 'msg_1')).toBe(false);
    expect(await store.conversations.update(ref, { c: 'd' })).toMatchObject({ metadata: { c: 'd' } });
    expect(await store.conversations.all(ref)).toEqual([item('msg_2')]);
    expect(await store.conversations.delete(ref)).toBe(true);
  });

  test('every call for items settles the run that was named, and no other call does', async () => {
    const settled: string[] = [];
    const log = {
      ...memoryRunLog(),
      read: async (runId: string) => (settled.push(runId), []),
      spec: async () => undefined,
    };
    const logger = createLogger({ service: 'store', level: 'silent', pretty: false });
    const conversations: StoredConversations = sqlStoredConversations({ db, log, logger, now: () => T0 });
    const own = await serveStore({ conversations });
    try {
      const client = storeClient({ url: own.url }).conversations;
      const ref = (settle: string) => ({ id: 'conv_s', owner: 'ann', settle });
      await client.get(ref('run_get'));
      await client.add(ref('run_add'), []);
      await client.list(ref('run_list'), { order: 'asc', limit: 1 });
      await client.all(ref('run_all'));
      await client.item(ref('run_item'), 'msg_1');
      await client.deleteItem(ref('run_delete_item'), 'msg_1');
      expect(settled).toEqual(['run_add', 'run_list', 'run_all', 'run_item', 'run_delete_item']);
    } finally {
      await own.close();
    }
  });

  test.each([
    ['runs/run', [], 'runId'],
    ['runs/run', 7, 'runId'],
    ['runs/turns', ['run_1', 0], 'limit'],
    ['runs/runs', {}, 'query.owner'],
    ['runs/runs', [{ owner: ['a', 'b'], limit: 1 }], 'query.owner'],
    ['runs/runs', { owner: 'a', limit: 0 }, 'query.limit'],
    ['runs/runs', { owner: 'a', limit: 101 }, 'query.limit'],
    ['runs/runs', { owner: 'a', limit: '10' }, 'query.limit'],
    ['runs/runs', { owner: 'a', limit: 1, status: 'done' }, 'query.status'],
    ['runs/runs', { owner: 'a', limit: 1, after: 'nonsense' }, 'after'],
    ['sessions/sessions', { owner: 'a', limit: 201 }, 'query.limit'],
    ['sessions/renameSession', [{ owner: 'a', sessionId: 's' }, null], 'title'],
    ['sessions/deleteSession', [{ owner: 'a', sessionId: 's' }, -1], 'upTo'],
    ['conversations/add', [{ id: 'c', owner: 'a' }, [{ id: 'm' }, {}]], 'items[1].id'],
    [
      'conversations/list',
      [
        { id: 'c', owner: 'a' },
        { order: 'up', limit: 1 },
      ],
      'query.order',
    ],
    ['jobs/due', {}, 'query.limit'],
    ['jobs/claim', { claims: [{}] }, 'query.claims[0].job'],
    ['jobs/claim', { claims: {} }, 'query.claims'],
    ['jobs/change', { changes: [{ run: { runId: 'run_1' } }] }, 'query.changes[0].run.jobId'],
    ['jobs/insert', [], 'entry'],
  ])('%s with %j is refused, and %s is named', async (path, body, param) => {
    expect(await post(path, body)).toMatchObject({
      status: 400,
      body: { error: { param, code: expect.stringMatching(/^invalid_(request|cursor)$/) as unknown } },
    });
  });

  test('calls that this version does not know are 503 and never "not found", the old routes among them', async () => {
    const refused = { status: 503, retryAfter: '2', body: { error: { code: 'unavailable' } } };
    for (const path of ['runs/constructor', 'constructor/run', 'jobs/toString', 'runs/run/x', 'nothing/here']) {
      expect([path, await post(path, [])]).toMatchObject([path, refused]);
    }
    for (const [method, path] of [
      ['GET', 'runs/run_1'],
      ['GET', 'runs?owner=ann'],
      ['DELETE', 'runs/run_1'],
      ['GET', 'session?owner=ann&id=s'],
      ['PUT', 'conversations/conv_1?owner=ann'],
      ['GET', 'conversations/conv_1/context?owner=ann'],
    ] as const) {
      expect([path, (await fetch(`${service.url}/internal/${path}`, { method })).status]).toEqual([path, 503]);
    }
  });

  test('schedulers and APIs of the version before keep their calls for jobs', async () => {
    const job = jobOf({ id: 'abcdef012345', owner: 'ann' });
    const entry = { job, dueAt: null, jobsMax: 1 };
    expect(await post('jobs/insert', entry)).toMatchObject({ status: 200, body: { result: { kind: 'created' } } });
    expect(await post('jobs/remove', { id: job.id })).toEqual({
      status: 200,
      body: { result: true },
      retryAfter: null,
    });
  });

  test('with a token, nothing is told without it', async () => {
    const run = runSnapshot();
    await upsertRuns(db, [run]);
    const guarded = await serveStore(portsOver(db), 'right-token');
    try {
      for (const wrong of [undefined, '', 'right-token', 'Bearer', 'Bearer right-toke', 'Bearer right-token2']) {
        const headers: Record<string, string> = wrong === undefined ? {} : { authorization: wrong };
        for (const path of ['runs/run', 'runs/none', 'none/none/none']) {
          const answer = await post(path, [run.runId], { headers, url: guarded.url });
          expect(answer).toMatchObject({ status: 401, body: { error: { code: 'invalid_api_key' } } });
        }
      }
      expect(await storeClient({ url: guarded.url, token: 'right-token' }).runs.run(run.runId)).toEqual(run);
      const wrong = storeClient({ url: guarded.url, token: 'other' }).runs.run(run.runId);
      await expect(wrong).rejects.toMatchObject({ code: 'unavailable' });
    } finally {
      await guarded.close();
    }
  });

  test.each([
    ['that is not open yet', new GatewayError('unavailable', 'Waiting.', { retryAfterSeconds: 2 }), 503, 'unavailable'],
    ['that is away', Object.assign(new Error('secret-host:5432'), { code: 'ECONNREFUSED' }), 503, 'unavailable'],
    ['without the table', Object.assign(new Error('secret-host'), { code: '42P01' }), 500, 'internal_error'],
  ])('a database %s is an error without a trace of the inside', async (_, cause, status, code) => {
    const broken = await serveStore(portsOver({ ...db, query: () => Promise.reject(cause) }));
    try {
      const reply = await post('runs/run', ['run_1'], { url: broken.url });
      expect(reply).toMatchObject({ status, body: { error: { code } } });
      expect(JSON.stringify(reply.body)).not.toContain('secret');
      if (status === 503) expect(reply.retryAfter).toBe('2');
      const asked = storeClient({ url: broken.url }).runs.run('run_1');
      await expect(asked).rejects.toMatchObject({ code: 'unavailable' });
    } finally {
      await broken.close();
    }
  });

  test('every method of every port has a name on the wire that a path can hold', () => {
    const names = Object.entries(STORE_CALLS).flatMap(([port, calls]) => [port, ...Object.keys(calls)]);
    expect(names.filter((name) => !/^[a-zA-Z]+$/.test(name))).toEqual([]);
  });
});
