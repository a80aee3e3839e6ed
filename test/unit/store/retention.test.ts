import {
  ensureConversation,
  getConversation,
  getTurns,
  listRuns,
  listSessions,
  markRunDeleted,
  sqlJobStore,
  upsertRuns,
  upsertSessions,
  type SqlDatabase,
  type SqlValue,
} from '#libs/store';
import { WEBHOOK_LIMITS, type Job, type JobRun } from '#libs/contract';
import { pino } from 'pino';
import { sweepOnce, type RetentionSettings } from '../../../apps/store/src/retention.js';
import { jobOf, jobRunOf } from '../../support/job.js';
import { migratedPglite } from '../../support/pglite.js';
import { runSnapshot } from '../../support/run-snapshot.js';

const DAY = 86_400_000;
const NOW = 1_790_000_000_000;
const logger = pino({ level: 'silent' });

describe('a retention sweep', () => {
  let db: SqlDatabase;

  beforeAll(async () => {
    db = await migratedPglite();
  });
  afterAll(async () => {
    await db?.close();
  });
  beforeEach(async () => {
    for (const table of ['runs', 'conversations', 'deleted_runs', 'sessions', 'session_usage'])
      await db.query(`delete from ${table}`);
  });

  const sweep = (settings: Partial<RetentionSettings>, signal = new AbortController().signal, on = db): Promise<void> =>
    sweepOnce({ db: on, logger, now: () => NOW }, { retentionDays: 0, retentionRunsMax: 0, ...settings }, signal);
  const left = async (owner = 'alice'): Promise<string[]> =>
    (await listRuns(db, { owner, limit: 100 })).runs.map(({ runId }) => runId).reverse();

  /** A chain of runs, one per day, the last one today. */
  async function chain(days: number, owner = 'alice'): Promise<string[]> {
    const runs = Array.from({ length: days }, (_, i) => runSnapshot({ owner, createdAt: NOW - (days - 1 - i) * DAY }));
    await upsertRuns(
      db,
      runs.map((run, i) => ({ ...run, ...(i > 0 && { parentId: runs[i - 1]?.runId ?? '' }) })),
    );
    return runs.map(({ runId }) => runId);
  }

  test('takes what is too old; the rest of its chain begins later', async () => {
    const ids = await chain(40);
    const conversation = (id: string, createdAt: number) =>
      ensureConversation(db, { id, owner: 'alice', metadata: {}, createdAt });
    await conversation('conv_old', NOW - 31 * DAY);
    await conversation('conv_new', NOW - 29 * DAY);
    await sweep({ retentionDays: 30 });
    expect(await left()).toEqual(ids.slice(-31));
    expect((await getTurns(db, ids.at(-1) ?? '', 100)).map(({ runId }) => runId)).toEqual(ids.slice(-31));
    expect(await getConversation(db, { id: 'conv_old', owner: 'alice' })).toBeUndefined();
    expect(await getConversation(db, { id: 'conv_new', owner: 'alice' })).toBeDefined();
  });

  test('takes sessions whose last turn is too old, with their titles, and the usage of old turns', async () => {
    const input = { messages: [{ role: 'user' as const, content: 'my secret plan' }] };
    const turns = Object.entries({ old: [35, 31], mixed: [35, 29], fresh: [0] }).flatMap(([sessionId, ages]) =>
      ages.map((age) =>
        runSnapshot({ owner: 'ann', sessionId, createdAt: NOW - age * DAY, updatedAt: NOW - age * DAY }),
      ),
    );
    const write = async (runs: typeof turns): Promise<void> => {
      await upsertRuns(db, runs);
      await upsertSessions(
        db,
        runs.map((snapshot) => ({ snapshot, input })),
      );
    };
    await write(turns);
    await sweep({});
    expect((await listSessions(db, { owner: 'ann', limit: 9 })).sessions).toHaveLength(3);
    await sweep({ retentionDays: 30 });
    const { sessions } = await listSessions(db, { owner: 'ann', limit: 9 });
    expect(sessions.map(({ sessionId, totals }) => [sessionId, totals.runs])).toEqual([
      ['fresh', 1],
      ['mixed', 1],
    ]);
    expect(await db.query('select run_id from session_usage')).toHaveLength(2);
    expect(await db.query(`select id from sessions where id = 'old'`)).toEqual([]);
  });

  test('leaves an old session whose last run is still there', async () => {
    const run = runSnapshot({ owner: 'ann', sessionId: 'kept', createdAt: NOW, updatedAt: NOW - 40 * DAY });
    await upsertRuns(db, [run]);
    await upsertSessions(db, [{ snapshot: run }]);
    await sweep({ retentionDays: 30 });
    expect((await listSessions(db, { owner: 'ann', limit: 9 })).sessions).toHaveLength(1);
  });

  test('takes what is beyond the bound of each key, and nothing when there is no bound', async () => {
    const [ann, bob] = [await chain(450, 'ann'), await chain(3, 'bob')];
    await sweep({});
    expect(await left('ann')).toHaveLength(100);
    let counts = 0;
    const counting: SqlDatabase = {
      ...db,
      query<T>(sql: string, params?: readonly SqlValue[]): Promise<T[]> {
        counts += Number(sql.includes('group by owner'));
        return db.query<T>(sql, params);
      },
    };
    await sweep({ retentionRunsMax: 7 }, undefined, counting);
    expect(counts).toBe(1);
    expect(await left('ann')).toEqual(ann.slice(-7));
    expect(await left('bob')).toEqual(bob);
  });

  test('takes deleted runs a day later, unless others continue them', async () => {
    const ids = await chain(3);
    const [first, second, third] = ids as [string, string, string];
    await markRunDeleted(db, first, NOW - 2 * DAY);
    await markRunDeleted(db, third, NOW - DAY + 1);
    await sweep({});
    expect((await getTurns(db, third, 10)).map(({ runId }) => runId)).toEqual(ids);
    await db.query('update deleted_runs set deleted_at = $1', [NOW - 2 * DAY]);
    await markRunDeleted(db, second, NOW - 2 * DAY);
    await sweep({});
    expect(await db.query('select id from runs')).toEqual([]);
  });

  test('leaves nothing of a deleted run to the day when its mark goes: no answer, no last run of its session', async () => {
    const jobs = sqlJobStore(db, () => NOW);
    const at = NOW - 15 * DAY;
    const answered = async (runId: string): Promise<string> => {
      const job = jobOf({ state: 'scheduled' });
      await jobs.insert({ job, dueAt: null, jobsMax: 99 });
      const run = jobRunOf(job, { runId, status: 'running', wakeAt: null });
      await jobs.claim({ claims: [{ job, dueAt: null, run }] });
      await jobs.change({ changes: [{ run: { ...run, status: 'completed', endedAt: at, output: 'the secret' } }] });
      return job.id;
    };
    const before = runSnapshot({ sessionId: 's', createdAt: at });
    const last = runSnapshot({ sessionId: 's', createdAt: at + 1, parentId: before.runId });
    await upsertRuns(db, [before, last]);
    await upsertSessions(db, [{ snapshot: before }, { snapshot: last }]);
    const jobIds = [await answered(last.runId), await answered('run_without_a_row')];
    await markRunDeleted(db, last.runId, at);
    // As a store of an earlier version marks it.
    await db.query('insert into deleted_runs (id, deleted_at) values ($1, $2::bigint)', ['run_without_a_row', at]);
    await sweep({});
    expect(await db.query('select id from deleted_runs')).toEqual([]);
    for (const jobId of jobIds) expect(await jobs.runs({ jobId, limit: 9 })).toMatchObject([{ isDeleted: true }]);
    expect(JSON.stringify(await db.query('select * from job_runs'))).not.toContain('secret');
    const session = (await listSessions(db, { owner: 'alice', limit: 9 })).sessions[0];
    expect(session).toMatchObject({ lastRunId: before.runId });
    expect(session).not.toHaveProperty('shownRunId');
  });

  test('keeps the newest deliveries of a webhook, and those that wait; others have theirs', async () => {
    const max = WEBHOOK_LIMITS.keptMax;
    const fill = async (id: string, count: number): Promise<void> => {
      await db.query(
        `insert into webhooks (id, owner, url, events, description, created_at, updated_at, secret_version)
         values ($1, 'alice', 'https://x.example/', '{}', '', 1, 1, 1)`,
        [id],
      );
      await db.query(
        `insert into webhook_deliveries (id, webhook_id, run_id, event, body, status, attempts, created_at)
         select $1 || i, $1, 'r', 'run.completed', '', case when i = 1 then 'pending' else 'delivered' end, 1, $2::bigint + i
         from generate_series(1, $3::int) i`,
        [id, NOW - DAY, count],
      );
    };
    await fill('wh_few', 2);
    await fill('wh_many', max + 1_500);
    await sweep({});
    const counts = `select webhook_id as id, count(*)::int as count, min(created_at)::float8 - ${NOW - DAY} as oldest
      from webhook_deliveries where status <> 'pending' group by webhook_id order by 1`;
    expect(await db.query(counts)).toEqual([
      { id: 'wh_few', count: 1, oldest: 2 },
      { id: 'wh_many', count: max, oldest: 1_501 },
    ]);
    expect(await db.query(`select 1 as one from webhook_deliveries where status = 'pending'`)).toHaveLength(2);
  });

  test('takes completed jobs a week after their end, unless something of them is on its way', async () => {
    let now = NOW - 8 * DAY;
    const jobs = sqlJobStore(db, () => now);
    const add = async (state: Job['state'], fields: Partial<JobRun> = {}): Promise<string> => {
      const job = jobOf({ state });
      await jobs.insert({ job, dueAt: null, jobsMax: 99 });
      const run = jobRunOf(job, { status: 'completed', wakeAt: null, ...fields });
      await jobs.claim({ claims: [{ job, dueAt: null, run }] });
      return job.id;
    };
    const gone = await add('completed');
    const kept = [
      await add('scheduled'),
      await add('completed', { wakeAt: NOW }),
      await add('completed', { status: 'running' }),
    ];
    now = NOW - 6 * DAY;
    kept.push(await add('completed'));
    await sweep({});
    expect(await jobs.view({ id: gone })).toBeUndefined();
    expect(await jobs.runs({ jobId: gone, limit: 9 })).toEqual([]);
    for (const id of kept) expect((await jobs.view({ id }))?.job.id).toBe(id);
  });

  test('stops between two batches when it is told to', async () => {
    const ids = await chain(10);
    await sweep({ retentionDays: 1 }, AbortSignal.abort());
    expect(await left()).toEqual(ids);
  });
});
