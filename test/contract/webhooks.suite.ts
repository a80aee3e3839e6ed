import { WEBHOOK_LIMITS, type NotedEvent, type Webhook, type WebhookEvent } from '#libs/contract';
import {
  deleteDeliveriesBefore,
  deleteSession,
  markRunDeleted,
  migrate,
  noteEvents,
  sqlStoredRuns,
  sqlWebhookStore,
  upsertRuns,
  upsertSessions,
  type SqlDatabase,
} from '#libs/store';
import { runSnapshot } from '../support/run-snapshot.js';

const T0 = 1_900_000_000_000;
const PAGE = { limit: 50, leaseMs: 60_000, perOwner: 50, except: [] };

/** Webhooks and their deliveries on a database. */
export function webhooksSuite(name: string, fresh: () => Promise<SqlDatabase>): void {
  describe(`webhooks on ${name}`, () => {
    let db: SqlDatabase;
    let now = T0;
    let made = 0;
    const store = () => sqlWebhookStore(db, () => now);

    beforeAll(async () => {
      db = await fresh();
      await migrate(db);
    });
    afterAll(() => db.close());
    beforeEach(async () => {
      now = T0;
      await db.query('delete from webhooks');
    });

    async function hook(owner = 'alice', events: readonly WebhookEvent[] = ['run.completed']): Promise<Webhook> {
      const webhook = { id: `wh_${String(++made).padStart(24, '0')}`, owner, url: 'https://x.example/', events };
      const created = await store().create({ webhook: { ...webhook, description: '' }, max: 3 });
      if (created === 'full') throw new Error('full');
      return created;
    }
    const event = (runId: string, fields: Partial<NotedEvent> = {}): NotedEvent => ({
      owner: 'alice',
      runId,
      event: 'run.completed',
      part: '',
      body: '{}',
      ...fields,
    });
    const note = (...events: NotedEvent[]): Promise<void> => noteEvents(db, events, now);
    const waiting = async ({ owner, id }: Webhook, status?: 'failed') =>
      store().deliveries({ owner, id, limit: 100, ...(status && { status }) });
    const settle = (id: string, attempts: number, fields = {}): Promise<boolean> =>
      store().settle({ id, attempts, status: 'delivered', answer: 200, error: null, ...fields });

    test('a webhook comes back as it was written, is changed, and is gone with its deliveries', async () => {
      const one = await hook();
      expect(one).toMatchObject({ secretVersion: 1, pausedAt: null, failingSince: null, createdAt: T0 });
      expect(await store().get({ owner: 'alice', id: one.id })).toEqual(one);
      expect(await store().get({ owner: 'bob', id: one.id })).toBeUndefined();
      now += 5;
      const change = { url: 'https://y.example/', rotate: { overlapMs: 100 }, pause: 'no more' };
      expect(await store().change(one, change)).toEqual({
        ...one,
        url: change.url,
        secretVersion: 2,
        formerSecretUntil: T0 + 105,
        pausedAt: T0 + 5,
        pausedReason: 'no more',
        updatedAt: T0 + 5,
      });
      expect(await store().change({ owner: 'bob', id: one.id }, { url: 'https://z.example/' })).toBeUndefined();
      expect(await store().change(one, { pause: null })).toMatchObject({ pausedAt: null, pausedReason: null });
      await note(event('run_1'));
      expect(await waiting(one)).toHaveLength(1);
      expect(await store().remove({ owner: 'bob', id: one.id })).toBe(false);
      expect(await store().get(one)).toMatchObject({ pausedAt: null });
      const steps: string[] = [];
      const watched: SqlDatabase = {
        ...db,
        query: (sql, params) => {
          steps.push(sql.trim().split(' ').slice(0, 3).join(' '));
          return db.query(sql, params);
        },
      };
      expect(await sqlWebhookStore(watched, () => now).remove(one)).toBe(true);
      // No statement deletes more than a batch: the webhook has no deliveries any more when it goes.
      expect(steps.slice(1)).toEqual([
        'delete from webhook_deliveries',
        'delete from webhook_deliveries',
        'delete from webhooks',
      ]);
      expect(await db.query('select 1 from webhook_deliveries')).toEqual([]);
    });

    test('a key has a bounded number of them, also when it asks for many at once', async () => {
      const all = await Promise.allSettled(Array.from({ length: 6 }, () => hook('carol')));
      expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
      expect(await store().list({ owner: 'carol', limit: 10 })).toHaveLength(3);
    });

    test('lists page newest first, each once', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 3; i++) ids.unshift((await hook()).id);
      const [first, ...rest] = await store().list({ owner: 'alice', limit: 10 });
      const after = await store().list({ owner: 'alice', limit: 10, ...(first && { after: first }) });
      expect([first?.id, ...after.map(({ id }) => id)]).toEqual(ids);
      expect(after).toEqual(rest);
    });

    test('an event has one delivery per webhook that wants it, however often it is noted', async () => {
      const [one, other] = [await hook(), await hook('alice', ['run.failed', 'run.completed'])];
      const theirs = await hook('bob');
      const batch = [event('run_1'), event('run_1', { event: 'run.failed' }), event('run_2')];
      await Promise.all([note(...batch), note(...batch)]);
      await note(...batch);
      expect((await waiting(one)).map(({ runId }) => runId).sort()).toEqual(['run_1', 'run_2']);
      expect(await waiting(other)).toHaveLength(3);
      expect(await waiting(theirs)).toHaveLength(0);
    });

    test('requests for approval of one run are told apart', async () => {
      const one = await hook('alice', ['run.waiting_for_approval']);
      const asks = ['apr_1', 'apr_2'].map((part) => event('run_1', { event: 'run.waiting_for_approval', part }));
      await note(...asks);
      await note(...asks);
      expect(await waiting(one)).toHaveLength(2);
    });

    test('a leased delivery is nobody else’s until its lease ends, and one attempt counts', async () => {
      await hook();
      await note(event('run_1'), event('run_2'));
      const leases = await Promise.all([store().lease(PAGE), store().lease(PAGE), store().lease(PAGE)]);
      expect(leases.flat()).toHaveLength(2);
      now += PAGE.leaseMs;
      const [again, ...others] = await store().lease(PAGE);
      expect(others).toHaveLength(1);
      const { id = '', attempts = -1 } = again?.delivery ?? {};
      expect(await settle(id, attempts)).toBe(true);
      expect(await settle(id, attempts)).toBe(false);
      now += PAGE.leaseMs;
      expect((await store().lease(PAGE)).map(({ delivery }) => delivery.id)).toEqual([others[0]?.delivery.id]);
    });

    test('no owner gets more places than its share, and none while it is excepted', async () => {
      await hook();
      await hook('bob');
      await note(...['1', '2', '3'].map((id) => event(`run_${id}`)), event('run_4', { owner: 'bob' }));
      const leased = await store().lease({ ...PAGE, perOwner: 2 });
      expect(leased.map(({ webhook }) => webhook.owner).sort()).toEqual(['alice', 'alice', 'bob']);
      expect(await store().lease({ ...PAGE, except: ['alice'] })).toEqual([]);
    });

    test('a failure comes again after its pause, and one that is final does not', async () => {
      const one = await hook();
      await note(event('run_1'));
      const [first] = await store().lease(PAGE);
      const { id = '' } = first?.delivery ?? {};
      const failed = { status: 'pending', againMs: 5_000, answer: 500, error: 'it answered 500' };
      expect(await settle(id, 0, failed)).toBe(true);
      expect(await store().lease(PAGE)).toEqual([]);
      now += 5_000;
      expect((await store().lease(PAGE))[0]?.delivery).toMatchObject({ attempts: 1, lastStatus: 500 });
      expect(await settle(id, 1, { ...failed, status: 'failed' })).toBe(true);
      expect(await waiting(one, 'failed')).toMatchObject([{ attempts: 2, dueAt: null, error: 'it answered 500' }]);
      expect(await store().get(one)).toMatchObject({ failingSince: T0, pausedAt: null });
    });

    test('a webhook that fails for long is paused with the reason; one success in between is enough', async () => {
      const one = await hook();
      const attempt = async (runId: string, fields: object): Promise<void> => {
        await note(event(runId));
        const [leased] = await store().lease(PAGE);
        await settle(leased?.delivery.id ?? '', 0, fields);
      };
      const failed = { status: 'failed', answer: null, error: 'it cannot be reached' };
      await attempt('run_1', failed);
      now += WEBHOOK_LIMITS.failingMs - 1;
      await attempt('run_2', {});
      await attempt('run_3', failed);
      const failingFor = WEBHOOK_LIMITS.failingMs + 10;
      now += 10;
      await attempt('run_4', failed);
      expect(await store().get(one)).toMatchObject({ pausedAt: null });
      now += WEBHOOK_LIMITS.failingMs;
      await attempt('run_5', failed);
      // Three attempts are too few, however long they took.
      expect(await store().get(one)).toMatchObject({ pausedAt: null, failingSince: now - failingFor });
      for (let i = 3; i < WEBHOOK_LIMITS.failedAttemptsMin; i++) await attempt(`run_more_${i}`, failed);
      expect(await store().get(one)).toMatchObject({
        pausedAt: now,
        pausedReason: expect.stringMatching(/^every attempt has failed since 2030-.*: it cannot be reached$/),
      });
      await note(event('run_6'));
      expect(await store().lease(PAGE)).toEqual([]);
      expect(await waiting(one)).toHaveLength(2 + WEBHOOK_LIMITS.failedAttemptsMin);
      await store().change(one, { pause: null });
      await attempt('run_7', {});
      expect(await store().get(one)).toMatchObject({ pausedAt: null, failingSince: null });
    });

    test('a webhook that gets another URL begins anew; one that gets the same does not', async () => {
      const one = await hook();
      await note(event('run_1'));
      const [leased] = await store().lease(PAGE);
      await settle(leased?.delivery.id ?? '', 0, { status: 'failed', answer: 500, error: 'it answered 500' });
      expect(await store().change(one, { url: one.url })).toMatchObject({ failingSince: T0 });
      expect(await store().change(one, { description: 'x' })).toMatchObject({ failingSince: T0 });
      expect(await store().change(one, { url: 'https://y.example/' })).toMatchObject({ failingSince: null });
      expect(await db.query('select failed_attempts as n from webhooks where id = $1', [one.id])).toEqual([{ n: 0 }]);
    });

    test('while a webhook is paused nothing of it is due, whatever was under way; when it is resumed, all is', async () => {
      const one = await hook();
      const failed = { status: 'pending', againMs: 5_000, answer: 500, error: 'it answered 500' };
      await note(event('run_1'), event('run_2'));
      const [leased] = await store().lease({ ...PAGE, perOwner: 1 });
      await store().change(one, { pause: 'for now' });
      expect(await settle(leased?.delivery.id ?? '', 0, failed)).toBe(true);
      expect(await waiting(one)).toMatchObject([
        { dueAt: null, status: 'pending' },
        { dueAt: null, status: 'pending' },
      ]);
      now += PAGE.leaseMs;
      expect(await store().lease(PAGE)).toEqual([]);
      await store().change(one, { pause: null });
      expect((await store().lease(PAGE)).map(({ delivery }) => delivery.attempts).sort()).toEqual([0, 1]);
      const { id = '' } = (await waiting(one)).find(({ attempts }) => attempts === 0) ?? {};
      await settle(id, 0, { ...failed, pause: 'it is gone' });
      expect(await waiting(one)).toMatchObject([{ dueAt: null }, { dueAt: null }]);
    });

    test('a receiver that wants no more is paused at once', async () => {
      const one = await hook();
      await note(event('run_1'));
      const [leased] = await store().lease(PAGE);
      await settle(leased?.delivery.id ?? '', 0, { status: 'failed', answer: 410, error: 'gone', pause: 'it is gone' });
      expect(await store().get(one)).toMatchObject({ pausedReason: 'it is gone' });
    });

    test('a webhook for which too many wait is paused instead of growing', async () => {
      const one = await hook();
      await db.query(
        `insert into webhook_deliveries (id, webhook_id, run_id, event, body, status, attempts, created_at, due_at)
         select 'msg_' || i, $1, 'run_' || i, 'run.completed', '{}', 'pending', 0, $2::bigint, $2::bigint
         from generate_series(1, $3::int) i`,
        [one.id, now, WEBHOOK_LIMITS.waitingMax],
      );
      await note(event('run_last'));
      expect(await store().get(one)).toMatchObject({ pausedReason: expect.stringContaining('10000 deliveries') });
      expect(await db.query('select 1 from webhook_deliveries where due_at is not null limit 1')).toEqual([]);
      const [row] = await db.query<{ count: number }>('select count(*)::int as count from webhook_deliveries');
      expect(row?.count).toBe(WEBHOOK_LIMITS.waitingMax);
    });

    test('old deliveries are deleted in batches', async () => {
      const one = await hook();
      await note(event('run_1'), event('run_2'));
      now += 10;
      await note(event('run_3'));
      expect(await deleteDeliveriesBefore(db, T0 + 5, 1)).toBe(1);
      expect(await deleteDeliveriesBefore(db, T0 + 5, 10)).toBe(1);
      expect((await waiting(one)).map(({ runId }) => runId)).toEqual(['run_3']);
    });

    test('nothing is told of a run that was deleted, nor when its event comes after the deletion', async () => {
      const one = await hook();
      await note(event('run_gone'), event('run_kept'));
      await sqlStoredRuns(db, () => now).deleteRun('run_gone');
      await note(event('run_gone', { part: 'later' }));
      expect((await waiting(one)).map(({ runId }) => runId)).toEqual(['run_kept']);
      // An event that is written before the mark is seen.
      await note(event('run_late'));
      await db.query('insert into deleted_runs (id, deleted_at) values ($1, 1)', ['run_late']);
      expect((await store().lease(PAGE)).map(({ delivery }) => delivery.runId)).toEqual(['run_kept']);
      await markRunDeleted(db, 'run_late', now);
      expect((await waiting(one)).map(({ runId }) => runId)).toEqual(['run_kept']);
    });

    test('nothing is told of the runs of a session that was deleted, nor of those on their way into it', async () => {
      const one = await hook();
      const key = { owner: 'alice', sessionId: 'told' };
      const [run, other, late] = [1, 2, 3].map((createdAt) => runSnapshot({ ...key, createdAt }));
      const { sessionId: _none, ...alone } = other ?? runSnapshot();
      if (!run || !late) throw new Error('no runs');
      await upsertRuns(db, [run, alone]);
      await note(event(run.runId), event(alone.runId));
      expect(await deleteSession(db, key, { upTo: 10, now })).toEqual([run.runId]);
      await upsertRuns(db, [late]);
      await upsertSessions(db, [{ snapshot: late }]);
      await note(event(late.runId));
      expect((await waiting(one)).map(({ runId }) => runId)).toEqual([alone.runId]);
    });

    test('strange texts are stored', async () => {
      await hook('odd \0 owner');
      await note(event('run_\0', { owner: 'odd \0 owner', body: '{"a":"\\u0000"}' }));
      expect(await store().lease(PAGE)).toHaveLength(1);
    });
  });
}
