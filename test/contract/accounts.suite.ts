import {
  deleteRunUsageBefore,
  getSession,
  indexTexts,
  markRunDeleted,
  noteMissingTexts,
  noteMissingUsage,
  noteEvents,
  migrate,
  sqlStoredAccounts,
  sqlStoredRuns,
  upsertRuns,
  upsertSessions,
  upsertTexts,
  upsertUsage,
  sqlJobStore,
  sqlWebhookStore,
  type SessionRun,
  type SqlDatabase,
} from '#libs/store';
import type { RunSnapshot, StoredAccounts } from '#libs/contract';
import { jobObject, jobRunObject } from '#libs/protocols';
import { jobOf, jobRunOf } from '../support/job.js';
import { runSnapshot } from '../support/run-snapshot.js';

const DAY = 86_400_000;
const usage = (inputTokens: number): RunSnapshot['usage'] => ({
  inputTokens,
  cachedInputTokens: 1,
  outputTokens: 2,
  reasoningTokens: 0,
});

/** What the store tells over many runs, and what is done with the rows of a name. */
export function accountsSuite(name: string, fresh: () => Promise<SqlDatabase>): void {
  describe(`accounts on ${name}`, () => {
    let db: SqlDatabase;
    let accounts: StoredAccounts;
    let made = 0;
    beforeAll(async () => {
      db = await fresh();
      await migrate(db);
      accounts = sqlStoredAccounts(db);
    });
    afterAll(() => db?.close());

    const runId = (): string => `run_${String(++made).padStart(32, '0')}`;
    async function write(runs: readonly SessionRun[]): Promise<void> {
      await upsertRuns(
        db,
        runs.map(({ snapshot }) => snapshot),
      );
      await upsertUsage(db, runs);
      await upsertTexts(db, runs);
      await upsertSessions(db, runs);
    }
    const said = (owner: string, sessionId: string, text: string, more: Partial<RunSnapshot> = {}): SessionRun => ({
      snapshot: runSnapshot({ runId: runId(), owner, sessionId, ...more }),
      input: { messages: [{ role: 'user', content: text }] },
    });

    test('usage is told by day, key and model, a run once, page after page', async () => {
      const run = (owner: string, model: string, day: number, tokens: number): RunSnapshot =>
        runSnapshot({ runId: runId(), owner, model, createdAt: day * DAY + 5, usage: usage(tokens) });
      const runs = [run('a', 'm', 100, 10), run('a', 'm', 100, 20), run('a', 'n', 100, 1), run('b', 'm', 101, 7)];
      const priced = runs.map((snapshot, i) => ({ snapshot, ...(i < 2 && { cost: 0.5 }) }));
      await upsertUsage(db, priced);
      await upsertUsage(db, [...priced].reverse());
      const all = await accounts.usage({ fromDay: 100, toDay: 101, limit: 10 });
      expect(all).toMatchObject([
        { day: 100, owner: 'a', model: 'm', runs: 2, inputTokens: 30, cachedInputTokens: 2, outputTokens: 4, cost: 1 },
        { day: 100, owner: 'a', model: 'n', runs: 1, inputTokens: 1, cost: null },
        { day: 101, owner: 'b', model: 'm', runs: 1, inputTokens: 7 },
      ]);
      const [first] = all;
      const rest = await accounts.usage({ fromDay: 100, toDay: 101, limit: 1, ...(first && { after: first }) });
      expect(rest).toMatchObject([{ model: 'n' }]);
      expect(await accounts.usage({ owner: 'b', fromDay: 0, toDay: 10_000, limit: 9 })).toHaveLength(1);
      expect(await accounts.usage({ fromDay: 102, toDay: 103, limit: 9 })).toEqual([]);
      expect(await deleteRunUsageBefore(db, 101 * DAY, 100)).toBe(3);
      expect(await accounts.usage({ fromDay: 0, toDay: 200, limit: 9 })).toMatchObject([{ owner: 'b' }]);
    });

    test('a newer state of a run counts, an older one does not', async () => {
      const snapshot = runSnapshot({
        runId: runId(),
        owner: 'newer',
        createdAt: 300 * DAY,
        lastSeq: 9,
        usage: usage(9),
      });
      await upsertUsage(db, [{ snapshot }]);
      await upsertUsage(db, [{ snapshot: { ...snapshot, lastSeq: 3, usage: usage(3) } }]);
      expect(await accounts.usage({ owner: 'newer', fromDay: 300, toDay: 300, limit: 9 })).toMatchObject([
        { inputTokens: 9 },
      ]);
    });

    test('a job keeps an occurrence whose run was deleted, without the run and its answer', async () => {
      const jobs = sqlJobStore(db, () => 0);
      const job = jobOf({ owner: 'forgetful', id: 'fade00000001', nextRunAt: null });
      await jobs.insert({ job, dueAt: null, jobsMax: 9 });
      const run = jobRunOf(job, { status: 'running', wakeAt: null });
      await jobs.claim({ claims: [{ job, dueAt: null, run }] });
      await jobs.change({
        changes: [{ run: { ...run, status: 'completed', endedAt: 5, output: 'the secret words' } }],
      });
      await markRunDeleted(db, run.runId, 9);
      const [entry] = await jobs.runs({ jobId: job.id, limit: 9 });
      const view = await jobs.view({ id: job.id });
      expect(entry).toMatchObject({ status: 'completed', endedAt: 5, isDeleted: true });
      expect(view?.latest).toMatchObject({ isDeleted: true });
      expect((await jobs.list({ owner: 'forgetful', includeDisabled: true, limit: 9 }))[0]).toEqual(view);
      // Nor does it come back with the row of its end.
      await jobs.change({
        changes: [{ run: { ...run, version: 2, status: 'completed', output: 'the secret words' } }],
      });
      expect(
        await db.query('select version::int as version, output from job_runs where run_id = $1', [run.runId]),
      ).toEqual([{ version: 3, output: null }]);
      expect(entry && jobRunObject(entry)).toMatchObject({ run_id: null, output: null, status: 'completed' });
      expect(view && jobObject(view, '')).toMatchObject({ last_run_id: null, last_status: 'ok' });
    });

    const indexAll = async (): Promise<void> => {
      while ((await indexTexts(db, 3)) > 0);
    };

    test.each([
      ['early', 'before they are in the index'],
      ['late', 'in the index'],
    ])(
      'what was said in sessions is found by its words, the newest first, with what is around: %s, %s',
      async (when) => {
        const items: RunSnapshot['items'] = [
          { type: 'text', step: 1, status: 'completed', text: 'Pelicans eat fish.' },
        ];
        const s = `s-${when}`;
        await write([
          said(s, 'birds', 'What do pelicans eat?', { createdAt: 1, items }),
          said(s, 'birds', 'And herons?', { createdAt: 2 }),
          said(s, 'zoo', 'A pelican, two pelicans', { createdAt: 3 }),
          said('other', 'birds', 'pelicans', { createdAt: 4 }),
        ]);
        if (when === 'late') await indexAll();
        const found = await accounts.search({ owner: s, text: 'Pelicans', limit: 5 });
        expect(found.map(({ sessionId }) => sessionId)).toEqual(['zoo', 'birds']);
        expect(found[1]).toMatchObject({
          title: 'What do pelicans eat?',
          snippet: expect.stringContaining('**') as string,
        });
        const [newest] = found;
        const place = newest && { after: { createdAt: newest.createdAt, runId: newest.runId } };
        expect(await accounts.search({ owner: s, text: 'pelicans', limit: 5, ...place })).toHaveLength(1);
        const count = async (text: string): Promise<number> =>
          (await accounts.search({ owner: s, text, limit: 5 })).length;
        expect(await count('pelicans fish')).toBe(1);
        expect(await count('"eat fish"')).toBe(1);
        expect(await count('pelicans -fish')).toBe(1);
        expect(await count('fish or herons')).toBe(2);
        expect(await count('unicorn')).toBe(0);
        for (const odd of ['', '!', "'; --", '"', '& | !', '\\', '-', ':*']) await count(odd);
        await markRunDeleted(db, newest?.runId ?? '', 1);
        expect(await count('pelicans')).toBe(1);
      },
    );

    test('a search reads the texts of its own key alone, by the index', async () => {
      const texts = (owner: string) => Array.from({ length: 40 }, (_, i) => said(owner, `s${i}`, 'an okapi walks'));
      await write([...texts('many'), said('few', 's', 'an okapi sleeps'), said("o'few \\", 's', 'an okapi eats')]);
      await indexAll();
      const [row] = await db.query<{ found: number }>(
        `select count(*)::int as found from run_texts
         where words || array_to_tsvector(array['owner ' || md5(owner)])
           @@ (to_tsquery('simple', 'okapi') && ('''owner ' || md5('few') || '''')::tsquery)`,
      );
      expect(row?.found).toBe(1);
      const [index] = await db.query<{ def: string }>(
        `select indexdef as def from pg_indexes where indexname = 'run_texts_by_owner_and_word'`,
      );
      expect(index?.def).toMatch(/gin .*words.*owner/);
      expect(await accounts.search({ owner: 'few', text: 'okapi', limit: 50 })).toHaveLength(1);
      expect(await accounts.search({ owner: "o'few \\", text: 'okapi', limit: 50 })).toHaveLength(1);
      expect(await accounts.search({ owner: 'few', text: '-walks', limit: 50 })).toHaveLength(1);
      for (const none of ['', '!', 'owner', 'few', 'okapi walks']) {
        expect(await accounts.search({ owner: 'few', text: none, limit: 50 })).toEqual([]);
      }
    });

    test('what a run says later replaces what it said, in the index and beside it', async () => {
      const run = said('again', 's', 'a gnu', { createdAt: 1 });
      const count = async (text: string): Promise<number> =>
        (await accounts.search({ owner: 'again', text, limit: 5 })).length;
      await write([run]);
      await indexAll();
      const items: RunSnapshot['items'] = [{ type: 'text', step: 1, status: 'completed', text: 'A vicuna.' }];
      await write([{ ...run, snapshot: { ...run.snapshot, lastSeq: run.snapshot.lastSeq + 1, items } }]);
      expect([await count('gnu'), await count('vicuna')]).toEqual([1, 1]);
      await indexAll();
      expect([await count('gnu'), await count('vicuna'), await count('gnu vicuna')]).toEqual([1, 1, 1]);
      // The same once more leaves the index as it is.
      await write([run]);
      expect(await indexTexts(db, 5)).toBe(1);
      await write([run]);
      expect(await indexTexts(db, 5)).toBe(0);
    });

    test('a search has a time of its own', async () => {
      const times: (number | undefined)[] = [];
      const watched: SqlDatabase = {
        ...db,
        transaction: (work, limits) => {
          times.push(limits?.statementMs);
          return db.transaction(work, limits);
        },
      };
      await sqlStoredAccounts(watched).search({ owner: 'few', text: 'okapi', limit: 5 });
      expect(times).toEqual([2_000]);
    });

    test('nothing is kept to be searched of runs without a session, nor of those whose content is not kept', async () => {
      const [alone, kept] = [said('n', 'x', 'wombat'), said('n', 'x', 'wombat', { contentKept: false })];
      const { sessionId: _none, ...sessionless } = alone.snapshot;
      await write([{ ...alone, snapshot: sessionless }, kept, { snapshot: said('n', 'x', 'y').snapshot }]);
      expect(await accounts.search({ owner: 'n', text: 'wombat', limit: 5 })).toEqual([]);
    });

    test('what a store of an earlier version wrote without its notes is noted later, once', async () => {
      const now = { createdAt: 500 * DAY, endedAt: 500 * DAY + 1, lastSeq: 9, usage: usage(9) };
      const runs = [said('late', 's', 'axolotl', now), said('late', 's', 'axolotl', { ...now, contentKept: false })];
      const [run] = runs;
      await upsertRuns(
        db,
        runs.map(({ snapshot }) => snapshot),
        new Map(runs.map(({ snapshot, input }) => [snapshot.runId, input ?? { messages: [] }])),
      );
      // Of the first one, a store has noted the state before its end.
      if (run) await upsertUsage(db, [{ snapshot: { ...run.snapshot, lastSeq: 3, usage: usage(1) } }]);
      const since = 499 * DAY;
      expect(await noteMissingUsage(db, since, 1)).toBe(1);
      expect(await noteMissingUsage(db, since, 10)).toBe(1);
      expect(await noteMissingUsage(db, since, 10)).toBe(0);
      const used = { owner: 'late', fromDay: 500, toDay: 500, limit: 9 };
      expect(await accounts.usage(used)).toMatchObject([{ runs: 2, inputTokens: 18 }]);
      const last = await noteMissingTexts(db, since, '');
      expect(last).toBe(run?.snapshot.runId);
      expect(await noteMissingTexts(db, since, last ?? '')).toBeUndefined();
      expect(await noteMissingTexts(db, since, '')).toBeUndefined();
      expect(await accounts.search({ owner: 'late', text: 'axolotl', limit: 5 })).toHaveLength(1);
    });

    test('the rows of a name are counted, its jobs go to another one, and all can be deleted', async () => {
      const jobs = sqlJobStore(db, () => 0);
      const job = jobOf({ id: 'a0a0a0a0a0a0', owner: 'gone', prompt: 'say "owner":"gone"' });
      await jobs.insert({ job, dueAt: null, jobsMax: 9 });
      const run = jobRunOf(job, { status: 'completed', wakeAt: null });
      await jobs.claim({ claims: [{ job: { ...job }, dueAt: null, run }] });
      await write([said('gone', 's1', 'quokka'), said('gone', 's2', 'quokka')]);
      const rowsOf = async (owner: string) =>
        (await accounts.owners({ jobsOnly: false })).find((row) => row.owner === owner);
      expect(await rowsOf('gone')).toEqual({
        owner: 'gone',
        jobs: 1,
        runs: 2,
        sessions: 2,
        conversations: 0,
        webhooks: 0,
      });
      expect((await accounts.owners({ jobsOnly: true })).find(({ owner }) => owner === 'gone')).toMatchObject({
        jobs: 1,
      });
      expect(await accounts.moveJobs({ from: 'gone', to: 'here' })).toBe(1);
      expect(await accounts.moveJobs({ from: 'gone', to: 'here' })).toBe(0);
      const view = await jobs.view({ id: job.id });
      expect(view?.job).toMatchObject({ owner: 'here', prompt: 'say "owner":"gone"' });
      expect(await jobs.runs({ jobId: job.id, limit: 5 })).toMatchObject([{ owner: 'here' }]);
      for (let i = 0; i < 10 && (await accounts.erase({ owner: 'gone' })) > 0; i++);
      expect(await rowsOf('gone')).toBeUndefined();
      expect(await accounts.search({ owner: 'gone', text: 'quokka', limit: 5 })).toEqual([]);
      expect(await rowsOf('here')).toMatchObject({ jobs: 1 });
    });

    test('all rows of a name go to another one, with what was said; what was used stays', async () => {
      const jobs = sqlJobStore(db, () => 0);
      const job = jobOf({ id: 'b0b0b0b0b0b0', owner: 'left', nextRunAt: null });
      await jobs.insert({ job, dueAt: null, jobsMax: 9 });
      const first = said('left', 'm1', 'wombat', { createdAt: 700 * DAY, usage: usage(5) });
      const second = said('left', 'm1', 'wombat', { createdAt: 700 * DAY + 1, parentId: first.snapshot.runId });
      await write([first, second]);
      const stored = sqlStoredRuns(db, () => 0);
      const webhooks = sqlWebhookStore(db, () => 0);
      const hook = { id: 'wh_left', owner: 'left', url: 'https://x.example/', events: ['run.completed' as const] };
      await webhooks.create({ webhook: { ...hook, description: '' }, max: 9 });
      const told = { owner: 'left', runId: 'run_told', event: 'run.completed' as const, part: '', body: '{}' };
      await noteEvents(db, [told], 0);
      const names = { from: 'left', to: 'heir' };
      expect(await accounts.sharedSessions(names)).toEqual([]);
      const moved: string[] = [];
      for (let rows = 1, i = 0; rows > 0 && i < 10; i++) {
        const batch = await accounts.moveRows(names);
        rows = batch.rows;
        moved.push(...batch.runIds);
      }
      expect(moved.sort()).toEqual([first.snapshot.runId, second.snapshot.runId].sort());
      const rowsOf = (await accounts.owners({ jobsOnly: false })).filter(({ owner }) => /^(left|heir)$/.test(owner));
      expect(rowsOf).toEqual([{ owner: 'heir', jobs: 1, runs: 2, sessions: 1, conversations: 0, webhooks: 1 }]);
      expect(await webhooks.deliveries({ owner: 'heir', id: hook.id, limit: 9 })).toHaveLength(1);
      expect((await stored.run(first.snapshot.runId))?.owner).toBe('heir');
      expect((await stored.turns(second.snapshot.runId)).map(({ owner }) => owner)).toEqual(['heir', 'heir']);
      expect((await stored.runs({ owner: 'heir', limit: 9 })).runs).toHaveLength(2);
      expect(await accounts.search({ owner: 'heir', text: 'wombat', limit: 5 })).toHaveLength(2);
      expect(await accounts.search({ owner: 'left', text: 'wombat', limit: 5 })).toEqual([]);
      expect(await getSession(db, { owner: 'heir', sessionId: 'm1' })).toMatchObject({ totals: { runs: 2 } });
      const used = { fromDay: 700, toDay: 700, limit: 9 };
      expect(await accounts.usage({ ...used, owner: 'left' })).toHaveLength(1);
      // A row that comes once more with the owner of its log stays where it is.
      await upsertRuns(db, [first.snapshot]);
      expect((await stored.run(first.snapshot.runId))?.owner).toBe('heir');
    });

    test('a run that has not ended stays with its name, and so does its session, until it ends', async () => {
      const names = { from: 'living', to: 'taker' };
      const running = { status: 'running' as const, endedAt: undefined, lastSeq: 1 };
      const [ended, going] = [said('living', 'l1', 'a'), said('living', 'l1', 'b', running as object)];
      await write([ended, going, said('living', 'l2', 'c')]);
      const moveAll = async (): Promise<string[]> => {
        const ids: string[] = [];
        for (let rows = 1, i = 0; rows > 0 && i < 10; i++) {
          const batch = await accounts.moveRows(names);
          rows = batch.rows;
          ids.push(...batch.runIds);
        }
        return ids;
      };
      expect(await moveAll()).not.toContain(going.snapshot.runId);
      expect((await sqlStoredRuns(db, () => 0).run(going.snapshot.runId))?.owner).toBe('living');
      expect(await accounts.sharedSessions(names)).toEqual([]);
      expect(await getSession(db, { owner: 'living', sessionId: 'l1' })).toBeDefined();
      expect(await getSession(db, { owner: 'taker', sessionId: 'l2' })).toBeDefined();
      await write([{ ...going, snapshot: { ...going.snapshot, status: 'completed', endedAt: 9, lastSeq: 9 } }]);
      expect(await moveAll()).toEqual([going.snapshot.runId]);
      expect(await getSession(db, { owner: 'taker', sessionId: 'l1' })).toMatchObject({ totals: { runs: 2 } });
    });

    test('sessions that both names have are told, and names without jobs, too', async () => {
      await write([said('twin-a', 'same', 'a'), said('twin-b', 'same', 'b'), said('twin-a', 'own', 'c')]);
      expect(await accounts.sharedSessions({ from: 'twin-a', to: 'twin-b' })).toEqual(['same']);
      const names = (await accounts.owners({ jobsOnly: true })).filter(({ owner }) => owner.startsWith('twin'));
      expect(names.map(({ owner, jobs, runs }) => [owner, jobs, runs])).toEqual([
        ['twin-a', 0, 0],
        ['twin-b', 0, 0],
      ]);
    });
  });
}
