import type { RunInput, RunSnapshot } from '#libs/contract';
import {
  deleteSession,
  forkSession,
  getRun,
  getSession,
  getTurns,
  listSessions,
  markRunDeleted,
  migrate,
  renameSession,
  sqlStoredRuns,
  upsertRuns,
  upsertSessions,
  type SqlDatabase,
} from '#libs/store';
import { runSnapshot } from '../support/run-snapshot.js';

let count = 0;
const START = 1_790_000_000_000;
const asked = (text: string): RunInput => ({ messages: [{ role: 'user', content: text }] });
const usage = (inputTokens: number, outputTokens: number) => ({
  inputTokens,
  outputTokens,
  cachedInputTokens: 1,
  reasoningTokens: 2,
});

/** What the store keeps of sessions. `fresh` gives an empty database; the suite closes it. */
export function sessionsSuite(name: string, fresh: () => Promise<SqlDatabase>): void {
  describe(`sessions on ${name}`, () => {
    let db: SqlDatabase;

    beforeAll(async () => {
      db = await fresh();
      await migrate(db);
    });
    afterAll(() => db.close());

    const newKey = () => ({ owner: `owner-${++count}`, sessionId: `session-${count}` });
    /** Turn `n` of a session, continuing the one before. */
    const turn = (key: { owner: string; sessionId: string }, n: number, fields: Partial<RunSnapshot> = {}) =>
      runSnapshot({ ...key, createdAt: START + n, updatedAt: START + 1_000 + n, usage: usage(10 * n, n), ...fields });
    const write = async (runs: readonly RunSnapshot[], text = 'Hello there') => {
      await upsertRuns(db, runs, new Map(runs.map((run) => [run.runId, asked(text)])));
      await upsertSessions(
        db,
        runs.map((snapshot) => ({ snapshot, input: asked(text), cost: 0.25 })),
      );
    };

    test('a session is the sum of its runs, however often and in whatever order they are written', async () => {
      const key = newKey();
      const runs = [1, 2, 3].map((n) => turn(key, n));
      await write([runs[2], runs[0]] as RunSnapshot[], 'first words');
      await write([runs[1], runs[1], runs[0]] as RunSnapshot[], 'other words');
      expect(await getSession(db, key)).toEqual({
        ...key,
        title: 'first words',
        lastRunId: runs[2]?.runId,
        lastRunAt: START + 3,
        createdAt: START + 1,
        updatedAt: START + 1_003,
        totals: {
          runs: 3,
          inputTokens: 60,
          outputTokens: 6,
          cachedInputTokens: 3,
          reasoningTokens: 6,
          cost: 0.75,
        },
      });
    });

    test('a newer state of a run replaces its usage, an older one does not', async () => {
      const key = newKey();
      const run = turn(key, 1, { lastSeq: 5 });
      await write([run]);
      await write([{ ...run, lastSeq: 9, usage: usage(100, 7) }]);
      await write([{ ...run, lastSeq: 6, usage: usage(1, 1) }]);
      expect((await getSession(db, key))?.totals).toMatchObject({ runs: 1, inputTokens: 100, outputTokens: 7 });
    });

    test('runs without a session make none; without prices there is no cost; without an input there is no title', async () => {
      const key = newKey();
      await upsertSessions(db, [{ snapshot: runSnapshot({ owner: key.owner }) }, { snapshot: turn(key, 1) }]);
      const { sessions } = await listSessions(db, { owner: key.owner, limit: 10 });
      expect(sessions).toMatchObject([{ sessionId: key.sessionId, title: null, totals: { runs: 1, cost: null } }]);
    });

    test('the same name is another session with another owner', async () => {
      const key = newKey();
      await write([turn(key, 1)]);
      expect(await getSession(db, { ...key, owner: 'somebody else' })).toBeUndefined();
    });

    test('a title that was given stays; NUL and lone surrogates do no harm', async () => {
      const key = newKey();
      await write([turn(key, 1)], 'a \0 b \ud800');
      expect(await renameSession(db, key, 'Mine \0')).toMatchObject({ title: 'Mine \ufffd' });
      await write([turn(key, 2)], 'later words');
      expect(await getSession(db, key)).toMatchObject({ title: 'Mine \ufffd', totals: { runs: 2 } });
      expect(await renameSession(db, newKey(), 'x')).toBeUndefined();
    });

    test('the list is paged, the last changed first, and searched by title in any case', async () => {
      const { owner } = newKey();
      const titles = ['100% Sure', 'snow_man', 'SNOW white', 'rain', 'snow'];
      for (const [i, text] of titles.entries()) {
        await write([turn({ owner, sessionId: `s${i}` }, i + 1)], text);
      }
      const ids: string[] = [];
      let after: string | undefined;
      do {
        const page = await listSessions(db, { owner, limit: 2, ...(after !== undefined && { after }) });
        ids.push(...page.sessions.map(({ sessionId }) => sessionId));
        after = page.next;
      } while (after !== undefined);
      expect(ids).toEqual(['s4', 's3', 's2', 's1', 's0']);
      const search = async (text: string) =>
        (await listSessions(db, { owner, limit: 9, search: text })).sessions.map(({ title }) => title);
      expect(await search('snow')).toEqual(['snow', 'SNOW white', 'snow_man']);
      expect(await search('w_m')).toEqual(['snow_man']);
      expect(await search('%')).toEqual(['100% Sure']);
      expect(await search('\\')).toEqual([]);
      await expect(listSessions(db, { owner, limit: 2, after: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' });
    });

    test('a fork goes on from a run of another session, and counts its own runs only', async () => {
      const key = newKey();
      const runs = [turn(key, 1), turn(key, 2)] as const;
      await write(runs);
      const fork = { owner: key.owner, sessionId: `${key.sessionId}-fork` };
      const from = { sessionId: key.sessionId, runId: runs[0].runId, runCreatedAt: runs[0].createdAt };
      const record = await forkSession(db, { ...fork, title: 'Branch', from, at: START });
      expect(record).toMatchObject({
        ...fork,
        title: 'Branch',
        lastRunId: runs[0].runId,
        lastRunAt: START + 1,
        forkedFrom: { sessionId: key.sessionId, runId: runs[0].runId },
        totals: { runs: 0, inputTokens: 0, cost: null },
      });
      const again = forkSession(db, { ...fork, title: null, from, at: START });
      await expect(again).rejects.toMatchObject({ code: 'session_exists' });
      await write([turn(fork, 5, { parentId: runs[0].runId })]);
      expect(await getSession(db, fork)).toMatchObject({ title: 'Branch', lastRunAt: START + 5, totals: { runs: 1 } });
    });

    test('deleting takes the session, its runs and their content, and nothing else', async () => {
      const [key, other] = [newKey(), newKey()];
      const runs = [turn(key, 1), turn(key, 2)];
      const kept = turn({ ...other, owner: key.owner }, 1);
      await write([...runs, kept], 'the secret words');
      const deleted = await deleteSession(db, key, { upTo: START + 2, now: START });
      expect([...deleted].sort()).toEqual(runs.map(({ runId }) => runId).sort());
      expect(await getSession(db, key)).toBeUndefined();
      for (const { runId } of runs) expect(await getRun(db, runId)).toBeUndefined();
      expect(await getRun(db, kept.runId)).toEqual(kept);
      expect(await deleteSession(db, key, { upTo: START + 2, now: START })).toEqual([]);
    });

    test('a run that was on its way when its session was deleted does not bring it back; a later turn begins anew', async () => {
      const key = newKey();
      const late = turn(key, 2);
      await write([turn(key, 1)], 'old words');
      await deleteSession(db, key, { upTo: START + 2, now: START });
      await write([late], 'late words');
      expect(await getSession(db, key)).toBeUndefined();
      expect(await getRun(db, late.runId)).toBeUndefined();
      await write([turn(key, 3)], 'new words');
      expect(await getSession(db, key)).toMatchObject({
        title: 'new words',
        createdAt: START + 3,
        totals: { runs: 1 },
      });
    });

    test('what a fork or a later response goes on from stays when the session is deleted, with all before it', async () => {
      const key = newKey();
      const [a, b, c, d] = [1, 2, 3, 4].map((n) => turn(key, n)) as [
        RunSnapshot,
        RunSnapshot,
        RunSnapshot,
        RunSnapshot,
      ];
      const chain = [a, { ...b, parentId: a.runId }, { ...c, parentId: b.runId }, { ...d, parentId: c.runId }];
      const branch = runSnapshot({ owner: key.owner, parentId: a.runId });
      await write([...chain, branch]);
      const fork = { owner: key.owner, sessionId: `${key.sessionId}-fork` };
      const from = { sessionId: key.sessionId, runId: b.runId, runCreatedAt: b.createdAt };
      await forkSession(db, { ...fork, title: null, from, at: START });
      const deleted = await deleteSession(db, key, { upTo: START + 4, now: START });
      expect([...deleted].sort()).toEqual([c.runId, d.runId].sort());
      expect((await getTurns(db, b.runId, 10)).map(({ runId }) => runId)).toEqual([a.runId, b.runId]);
      expect(await getSession(db, key)).toBeUndefined();
    });

    describe('a run that was deleted', () => {
      const remove = (runId: string) => sqlStoredRuns(db, () => START).deleteRun(runId);
      const titled = async (key: { owner: string; sessionId: string }) => (await getSession(db, key))?.title;

      test('gives its words to no title: that of the session, of its forks, and of forks of these', async () => {
        const key = newKey();
        const runs = [turn(key, 1), turn(key, 2)] as [RunSnapshot, RunSnapshot];
        await write([runs[0]], 'the secret words');
        await write([runs[1]], 'later words');
        const from = { sessionId: key.sessionId, runId: runs[0].runId, runCreatedAt: runs[0].createdAt };
        const fork = { owner: key.owner, sessionId: `${key.sessionId}-fork` };
        const second = { owner: key.owner, sessionId: `${key.sessionId}-second` };
        const title = 'the secret words (fork)';
        await forkSession(db, { ...fork, title, from, at: START });
        await forkSession(db, { ...second, title, from: { ...from, sessionId: fork.sessionId }, at: START });
        const stranger = newKey();
        await write([turn(stranger, 1)], 'the secret words');
        await remove(runs[0].runId);
        expect(await Promise.all([key, fork, second, stranger].map(titled))).toEqual([
          'later words',
          null,
          null,
          'the secret words',
        ]);
        await remove(runs[1].runId);
        expect(await titled(key)).toBeNull();
        await write([turn(key, 3)], 'new words');
        expect(await titled(key)).toBe('new words');
      });

      test('is marked and gives no title at once or not at all', async () => {
        const key = newKey();
        const run = turn(key, 1);
        await write([run], 'the secret words');
        const broken: SqlDatabase = {
          ...db,
          transaction: (work, limits) =>
            db.transaction((tx) => {
              const query: SqlDatabase['query'] = (sql, params) =>
                sql.startsWith('update sessions') ? Promise.reject(new Error('it dies')) : tx.query(sql, params);
              return work({ query });
            }, limits),
        };
        await expect(sqlStoredRuns(broken, () => START).deleteRun(run.runId)).rejects.toThrow('it dies');
        expect(await titled(key)).toBe('the secret words');
        expect(await db.query('select 1 from deleted_runs where id = $1', [run.runId])).toEqual([]);
        await remove(run.runId);
        expect(await titled(key)).toBeNull();
      });

      test('leaves a title that somebody gave', async () => {
        const key = newKey();
        const run = turn(key, 1);
        await write([run]);
        await renameSession(db, key, 'Mine');
        await remove(run.runId);
        expect(await titled(key)).toBe('Mine');
      });

      test('gives none when its row comes after the deletion, nor when the deletion comes in between', async () => {
        const [key, other] = [newKey(), newKey()];
        const [late, between] = [turn(key, 1), turn(other, 1)];
        await remove(late.runId);
        await write([late, turn(key, 2)], 'the secret words');
        expect(await titled(key)).toBe('the secret words');
        await write([between]);
        await markRunDeleted(db, between.runId, START);
        let looks = 0;
        const racing: SqlDatabase = {
          ...db,
          query: async (sql, params) => {
            const rows = await db.query(sql, params);
            // The first look was before the mark.
            return sql.startsWith('select id from deleted_runs') && looks++ === 0 ? [] : (rows as never);
          },
        };
        await upsertSessions(racing, [{ snapshot: between, input: asked('the secret words') }]);
        expect([looks, await titled(other)]).toEqual([2, null]);
      });

      test('is not the last run of its session for those who look, and still for what goes on', async () => {
        const key = newKey();
        const runs = [turn(key, 1), turn(key, 2)] as [RunSnapshot, RunSnapshot];
        await write(runs);
        await remove(runs[1].runId);
        expect(await getSession(db, key)).toMatchObject({ lastRunId: runs[1].runId, shownRunId: runs[0].runId });
        await remove(runs[0].runId);
        expect(await getSession(db, key)).toMatchObject({ lastRunId: runs[1].runId, shownRunId: null });
      });
    });
  });
}
