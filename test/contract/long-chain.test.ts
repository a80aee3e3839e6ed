import { LIMITS } from '#libs/contract';
import { historyReader, joinConversation } from '#libs/history';
import { getTurns, migrate, upsertRuns, type SqlDatabase } from '#libs/store';
import { memoryRunLog } from '#libs/bus';
import { newRunId } from '#libs/runs';
import { onBothDatabases } from '../support/both-databases.js';
import { runSnapshot } from '../support/run-snapshot.js';

const TURNS = 1_000;
const WORDS = 'a sentence of some words, as people and models write them. '.repeat(5);

/** A conversation of a thousand turns: what it weighs, and that one query reads it. */
function suite(name: string, fresh: () => Promise<SqlDatabase>): void {
  test(`${TURNS} chained turns on ${name}: linear space, one query`, async () => {
    const db = await fresh();
    try {
      await migrate(db);
      const ids = await writeChain(db);
      const [size] = await db.query<{ rows: number; bytes: number }>(
        `select count(*)::int as rows, sum(octet_length(snapshot) + octet_length(input))::int as bytes from runs`,
      );
      expect(size?.rows).toBe(TURNS);
      // Own input and own answer, and nothing of the turns before.
      expect((size?.bytes ?? 0) / TURNS).toBeLessThan(2_000);
      let queries = 0;
      const counted: SqlDatabase = { ...db, query: (sql, params) => (queries++, db.query(sql, params)) };
      const { turns } = historyReader({
        log: memoryRunLog(),
        store: { turns: (runId) => getTurns(counted, runId, LIMITS.historyTurnsMax) },
      });
      const chain = await turns(ids.at(-1) ?? '');
      expect(chain.map(({ runId }) => runId)).toEqual(ids);
      expect(joinConversation(chain, [])).toHaveLength(2 * TURNS);
      expect(queries).toBe(1);
    } finally {
      await db.close();
    }
  });
}

async function writeChain(db: SqlDatabase): Promise<string[]> {
  const ids = Array.from({ length: TURNS }, () => newRunId());
  for (let from = 0; from < TURNS; from += 100) {
    const part = ids.slice(from, from + 100);
    const runs = part.map((runId, i) => ({
      ...runSnapshot({
        runId,
        createdAt: 1_790_000_000_000 + from + i,
        items: [{ type: 'text', step: 1, status: 'completed', text: WORDS }],
      }),
      ...(from + i > 0 && { parentId: ids[from + i - 1] ?? '' }),
    }));
    const messages = [{ role: 'user' as const, content: WORDS }];
    await upsertRuns(db, runs, new Map(part.map((runId) => [runId, { messages }])));
  }
  return ids;
}

onBothDatabases(suite);
