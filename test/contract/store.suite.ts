import {
  deleteRunsBefore,
  getRun,
  getTurns,
  listRuns,
  migrate,
  MIGRATIONS,
  SchemaTooNewError,
  sqlFault,
  sqlJobStore,
  upsertRuns,
  type SqlDatabase,
  type SqlValue,
} from '#libs/store';
import type { RunSnapshot } from '#libs/contract';
import { runSnapshot } from '../support/run-snapshot.js';

const LONE_SURROGATES = 'a\ud800b\udc00';
const STRANGE = `NUL \0 lone ${LONE_SURROGATES} pair \u{1f600} quote " backslash \\ braces {},() line \u2028`;

/** What the store asks of a database. `fresh` gives an empty one; the suite closes it. */
export function storeSuite(name: string, fresh: () => Promise<SqlDatabase>): void {
  describe(`rows on ${name}`, () => {
    let db: SqlDatabase;

    beforeAll(async () => {
      db = await fresh();
      await migrate(db);
    });
    afterAll(() => db.close());

    test('a batch comes back as it was written', async () => {
      const batch = [runSnapshot(), runSnapshot({ status: 'failed', error: { code: 'worker_lost', message: 'gone' } })];
      await upsertRuns(db, batch);
      expect(await Promise.all(batch.map((run) => getRun(db, run.runId)))).toEqual(batch);
    });

    test('an empty batch writes nothing, an unknown run is undefined', async () => {
      await upsertRuns(db, []);
      expect(await getRun(db, 'run_unknown')).toBeUndefined();
    });

    test('NUL and lone surrogates come back exactly, wherever they stand', async () => {
      const run = runSnapshot({
        owner: `odd ${STRANGE}`,
        model: STRANGE,
        echo: { [STRANGE]: STRANGE },
        items: [{ type: 'text', step: 1, status: 'completed', text: STRANGE }],
      });
      await upsertRuns(db, [run, runSnapshot()]);
      const back = await getRun(db, run.runId);
      expect(JSON.stringify(back)).toBe(JSON.stringify(run));
      expect(back?.items).toEqual(run.items);
      expect((await listRuns(db, { owner: run.owner, limit: 10 })).runs.map(({ runId }) => runId)).toEqual([run.runId]);
    });

    test('strings that look like SQL are only strings', async () => {
      const run = runSnapshot({ model: `'); drop table runs; --`, owner: `$1' or '1'='1` });
      await upsertRuns(db, [run]);
      expect(await getRun(db, run.runId)).toEqual(run);
      expect(await getRun(db, `' or '1'='1`)).toBeUndefined();
      expect((await listRuns(db, { owner: run.owner, limit: 10 })).runs).toEqual([run]);
    });

    test('an older version never overwrites a newer one; the same one may be written again', async () => {
      const newer = runSnapshot({ lastSeq: 9 });
      const older = { ...newer, lastSeq: 8, status: 'running' as const };
      await upsertRuns(db, [newer]);
      await upsertRuns(db, [older]);
      expect(await getRun(db, newer.runId)).toEqual(newer);
      await upsertRuns(db, [{ ...newer, model: 'again' }]);
      expect((await getRun(db, newer.runId))?.model).toBe('again');
    });

    test('of one run twice in a batch, the newer version is kept', async () => {
      const newer = runSnapshot({ lastSeq: 9 });
      await upsertRuns(db, [newer, { ...newer, lastSeq: 3, status: 'running' }]);
      expect(await getRun(db, newer.runId)).toEqual(newer);
    });

    test('overlapping batches in opposite orders all succeed', async () => {
      const runs = Array.from({ length: 40 }, () => runSnapshot());
      const orders = Array.from({ length: 8 }, (_, i) => (i % 2 ? runs : [...runs].reverse()));
      await Promise.all(orders.map((order) => upsertRuns(db, order)));
      expect(await getRun(db, runs[0]?.runId ?? '')).toEqual(runs[0]);
    });

    test('token counts that no column can hold do not keep a batch from being written', async () => {
      const usage = { inputTokens: 1.5, outputTokens: 1e300, cachedInputTokens: 0, reasoningTokens: 0 };
      const runs = [runSnapshot({ usage }), runSnapshot({ usage: { ...usage, inputTokens: -1 } })];
      await upsertRuns(db, runs);
      expect(await getRun(db, runs[0]?.runId ?? '')).toEqual(runs[0]);
    });

    test('a batch larger than one statement may be is written whole', async () => {
      const text = 'x'.repeat(5_000_000);
      const runs = [1, 2, 3].map(() =>
        runSnapshot({ owner: 'large', items: [{ type: 'text', step: 1, status: 'completed', text }] }),
      );
      await upsertRuns(db, runs);
      const rows = await db.query<{ n: number }>(`select count(*)::int as n from runs where owner = 'large'`);
      expect(rows).toEqual([{ n: 3 }]);
    });

    test('a page ends early when its runs are large, and goes on behind them', async () => {
      const sizes: number[] = [];
      let after: string | undefined;
      do {
        const page = await listRuns(db, { owner: 'large', limit: 10, ...(after !== undefined && { after }) });
        sizes.push(page.runs.length);
        after = page.next;
      } while (after !== undefined);
      // Written by the test before: three runs of 5 MB in pages of at most 16 MB.
      expect(sizes).toEqual([3]);
      await upsertRuns(
        db,
        [1, 2].map(() => runSnapshot({ owner: 'large', items: [textOf(9_000_000)] })),
      );
      const first = await listRuns(db, { owner: 'large', limit: 10 });
      expect(first.runs.length).toBeGreaterThan(0);
      expect(first.runs.length).toBeLessThan(5);
      expect(first.next).toBeDefined();
    });

    test('a list is paged newest first, without gaps and repeats, also among runs of one millisecond', async () => {
      const owner = 'paging';
      const runs = Array.from({ length: 25 }, (_, i) => runSnapshot({ owner, createdAt: 1_000 + Math.floor(i / 5) }));
      await upsertRuns(db, runs);
      await upsertRuns(db, [runSnapshot({ owner: 'somebody else', createdAt: 1_001 })]);
      const wanted = [...runs]
        .sort((a, b) => b.createdAt - a.createdAt || (a.runId < b.runId ? 1 : -1))
        .map((run) => run.runId);
      const got: string[] = [];
      const sizes: number[] = [];
      let after: string | undefined;
      do {
        const page = await listRuns(db, { owner, limit: 10, ...(after !== undefined && { after }) });
        got.push(...page.runs.map((run) => run.runId));
        sizes.push(page.runs.length);
        after = page.next;
      } while (after !== undefined);
      expect(got).toEqual(wanted);
      expect(sizes).toEqual([10, 10, 5]);
    });

    test('a list of a rare status reads the runs of that status alone', async () => {
      const owner = 'rare status';
      const many = Array.from({ length: 400 }, (_, i) => runSnapshot({ owner, createdAt: 1e12 + i }));
      await upsertRuns(db, [...many, runSnapshot({ owner, status: 'failed', createdAt: 1e12 + 7 })]);
      await db.query('analyze runs');
      let plan = '';
      const watched: Pick<SqlDatabase, 'query'> = {
        query: async <T>(sql: string, params: readonly SqlValue[] = []) => {
          plan += JSON.stringify(await db.query(`explain ${sql}`, params));
          return db.query<T>(sql, params);
        },
      };
      expect((await listRuns(watched, { owner, status: 'failed', limit: 5 })).runs).toHaveLength(1);
      expect(plan).toContain('runs_by_status');
    });

    test('a list can be narrowed to one status, and ends on a full page without a next one', async () => {
      const owner = 'by status';
      const failed = [runSnapshot({ owner, status: 'failed' }), runSnapshot({ owner, status: 'failed' })];
      await upsertRuns(db, [...failed, runSnapshot({ owner })]);
      const page = await listRuns(db, { owner, status: 'failed', limit: 2 });
      expect(page.runs.map((run) => run.status)).toEqual(['failed', 'failed']);
      expect(page.next).toBeUndefined();
    });

    test('a list can be narrowed to a session or a job', async () => {
      const owner = 'by lineage';
      const [a, b, c] = [{ sessionId: 's1' }, { sessionId: `s'2` }, { jobId: 'j1' }].map((lineage) =>
        runSnapshot({ owner, ...lineage }),
      );
      await upsertRuns(db, [a, b, c] as RunSnapshot[]);
      expect((await listRuns(db, { owner, sessionId: `s'2`, limit: 10 })).runs).toEqual([b]);
      expect((await listRuns(db, { owner, jobId: 'j1', limit: 10 })).runs).toEqual([c]);
    });

    test('a conversation is read from its last turn, oldest first, with what each turn was asked', async () => {
      const runs = chainOf(4);
      const inputs = new Map(runs.map(({ runId }, i) => [runId, ask(`question ${i}`)]));
      await upsertRuns(db, runs, inputs);
      // Writing a row again without its input, as a repair does, keeps the input.
      await upsertRuns(db, runs);
      const turns = await getTurns(db, runs[3]?.runId ?? '', 10);
      expect(turns.map(({ runId }) => runId)).toEqual(runs.map(({ runId }) => runId));
      expect(turns.map(({ input }) => input)).toEqual([...inputs.values()]);
      expect(turns.map(({ parentId }) => parentId)).toEqual([undefined, ...runs.slice(0, 3).map(({ runId }) => runId)]);
      expect(turns.map(({ snapshot }) => snapshot)).toEqual(runs);
      expect((await getTurns(db, runs[3]?.runId ?? '', 2)).map(({ runId }) => runId)).toEqual(
        runs.slice(2).map(({ runId }) => runId),
      );
      expect(await getTurns(db, 'run_unknown', 10)).toEqual([]);
    });

    test('a conversation ends where a turn is missing or belongs to somebody else', async () => {
      const [first, second, third] = chainOf(3) as [RunSnapshot, RunSnapshot, RunSnapshot];
      await upsertRuns(db, [first, third]);
      expect((await getTurns(db, third.runId, 10)).map(({ runId }) => runId)).toEqual([third.runId]);
      await upsertRuns(db, [{ ...second, owner: 'mallory' }]);
      expect((await getTurns(db, third.runId, 10)).map(({ runId }) => runId)).toEqual([third.runId]);
    });

    test.each(['', 'run_1', '12', '1.a b', 'x.run_1', `1.'`])('the cursor %j is refused', async (after) => {
      await expect(listRuns(db, { owner: 'alice', limit: 1, after })).rejects.toMatchObject({ code: 'invalid_cursor' });
    });

    test('retention deletes the oldest runs, so many at a time', async () => {
      const old = [1, 2, 3].map((createdAt) => runSnapshot({ createdAt }));
      await upsertRuns(db, old);
      expect(await deleteRunsBefore(db, 4, 2)).toBe(2);
      expect(await Promise.all(old.map(({ runId }) => getRun(db, runId)))).toEqual([undefined, undefined, old[2]]);
      expect(await deleteRunsBefore(db, 4, 2)).toBe(1);
      expect(await deleteRunsBefore(db, 4, 2)).toBe(0);
    });

    test('a transaction that rejects leaves nothing behind, and the database goes on', async () => {
      const run = runSnapshot();
      const failing = db.transaction(async (tx) => {
        await upsertRuns(tx, [run]);
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      expect(await getRun(db, run.runId)).toBeUndefined();
      await upsertRuns(db, [run]);
      expect(await getRun(db, run.runId)).toEqual(run);
    });

    test('a fault of the values and a fault of the statement are told apart', async () => {
      const faultOf = (sql: string): Promise<unknown> => db.query(sql).then(() => 'none', sqlFault);
      expect(await faultOf(`select 'x'::int`)).toBe('data');
      expect(await faultOf('select * from no_such_table')).toBe('other');
    });
  });

  describe(`migrations on ${name}`, () => {
    let db: SqlDatabase;

    beforeEach(async () => {
      db = await fresh();
    });
    afterEach(() => db.close());

    const step = (version: number, ...statements: string[]) => ({ version, name: `step-${version}`, statements });

    test('replicas that start at the same time apply every step once', async () => {
      const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(db)));
      expect(applied.flat()).toEqual(MIGRATIONS.map(({ version }) => version));
      expect(await db.query('select version, name from schema_migrations order by version')).toEqual(
        MIGRATIONS.map(({ version, name }) => ({ version, name })),
      );
    });

    test('only the missing steps are applied', async () => {
      const steps = [
        step(1, 'create table a (n int)'),
        step(2, 'alter table a add m int', 'insert into a values (1, 2)'),
      ];
      expect(await migrate(db, steps.slice(0, 1))).toEqual([1]);
      expect(await migrate(db, steps)).toEqual([2]);
      expect(await migrate(db, steps)).toEqual([]);
      expect(await db.query('select n, m from a')).toEqual([{ n: 1, m: 2 }]);
    });

    test('the answers of runs of jobs move out of the records that had them', async () => {
      await migrate(db, MIGRATIONS.slice(0, 5));
      const run = { deliveries: [{ error: ',"output":"no"' }], endedAt: 5, output: `${STRANGE} ,"output":"no"` };
      const runs = [run, { ...run, output: '' }, { deliveries: [], endedAt: 6 }, { ...run, error: { code: 'x' } }];
      await db.query(`insert into jobs values ('j', 'ann', 1, 1, true, null, '{}')`);
      for (const [i, one] of runs.entries()) {
        const row = [`run_${i}`, i, JSON.stringify(one)];
        await db.query(`insert into job_runs values ($1, 'j', 1, $2, 1, 'completed', null, $3)`, row);
      }
      await migrate(db);
      expect(await sqlJobStore(db, () => 0).runs({ jobId: 'j', limit: 9 })).toMatchObject([...runs].reverse());
      const [view] = await sqlJobStore(db, () => 0).list({ owner: 'ann', includeDisabled: true, limit: 1 });
      expect(view?.latest).toEqual({
        version: 1,
        status: 'completed',
        wakeAt: null,
        deliveries: run.deliveries,
        endedAt: 5,
        error: { code: 'x' },
      });
    });

    test('a step that fails leaves the schema as it was', async () => {
      const broken = [step(1, 'create table a (n int)'), step(2, 'create table b (n int)', 'not sql')];
      await expect(migrate(db, broken)).rejects.toThrow();
      expect(await migrate(db, [step(1, 'create table a (n int)')])).toEqual([1]);
    });

    test('a database that is ahead of the code is refused by name', async () => {
      await migrate(db, [step(1), step(2), step(3)]);
      await expect(migrate(db, [step(1), step(2)])).rejects.toThrow(SchemaTooNewError);
      await expect(migrate(db, [step(1), step(2)])).rejects.toThrow(/schema version 3.*knows 2/);
    });
  });
}

/** Runs of which each continues the one before. */
function chainOf(length: number): RunSnapshot[] {
  const runs: RunSnapshot[] = [];
  for (let i = 0; i < length; i++) {
    const parentId = runs.at(-1)?.runId;
    runs.push(runSnapshot({ createdAt: 1_000 + i, ...(parentId && { parentId }) }));
  }
  return runs;
}

const ask = (content: string) => ({ messages: [{ role: 'user' as const, content }] });

const textOf = (chars: number) => ({
  type: 'text' as const,
  step: 1,
  status: 'completed' as const,
  text: 'y'.repeat(chars),
});
