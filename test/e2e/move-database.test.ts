import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { emptyPglite } from '../support/pglite.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { inherited } from '../support/processes.js';
import { projectRoot } from '../support/project-root.js';
import { migrate, moveDatabase, postgresDatabase, type SqlDatabase } from '#libs/store';

/** The documented command, as a process, from an embedded database into a real Postgres. */
let server: TestPostgres;
let data: string;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'talaria-move-'));
});
afterEach(() => rm(data, { recursive: true, force: true }));

/** What JSON, Postgres and a terminal find hard: quotes, escapes that jsonb refuses, no text at all, large numbers. */
const SNAPSHOT = JSON.stringify({ said: 'a "quote" \\ \n ü 🜂 \u0000 \ud800', null: null });

async function fill(db: SqlDatabase, runs: number): Promise<void> {
  await migrate(db);
  for (let i = 0; i < runs; i += 1) {
    await db.query(
      `insert into runs (id, owner, protocol, model, status, created_at, last_seq, input_tokens, output_tokens, snapshot)
       values ($1, 'ann', 'openai-chat', 'm', 'completed', $2::bigint, 1, 2, 3, $3)`,
      [`run_${i}`, String(9_007_199_254_740_990 + (i % 2)), SNAPSHOT],
    );
  }
  await db.query(
    `insert into jobs (id, owner, version, created_at, enabled, record) values ('j', 'ann', 1, 1, true, '{}')`,
  );
  await db.query(
    `insert into job_runs (run_id, job_id, version, slot, attempt, status, record)
     values ('run_1', 'j', 1, 1, 1, 'completed', '{}')`,
  );
}

async function move(env: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  const main = join(projectRoot(), 'dist/apps/store/src/move/main.js');
  const around = { ...inherited(), TALARIA_DATA: data, TALARIA_CONFIG: '', ...env };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main], { env: around, timeout: 120_000 });
    return { code: 0, out: stdout, err: stderr };
  } catch (cause) {
    const { code, stdout, stderr } = cause as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

const rowsOf = (db: SqlDatabase): Promise<object[]> =>
  db.query(`select id, created_at::text as created_at, ended_at, snapshot from runs order by id`);

test('all rows come over as they were, once, and the folder stays as it was', async () => {
  const from = await emptyPglite(join(data, 'pglite'));
  await fill(from, 120);
  const expected = await rowsOf(from);
  const first = await server.createDatabase();
  const held = await move({ DATABASE_URL: first });
  expect([held.code, held.err]).toEqual([1, expect.stringMatching(/Stop Talaria first\.\n$/)]);
  await from.close();

  const moved = await move({ DATABASE_URL: first });
  expect([moved.code, moved.err]).toEqual([0, '']);
  expect(moved.out).toContain('runs: 120 rows\n');
  expect(moved.out).toContain('job_runs: 1 rows\n');
  const to = postgresDatabase({ url: first });
  const rows = await rowsOf(to);
  expect(rows).toHaveLength(120);
  expect(rows).toEqual(expected);
  expect(rows[0]).toMatchObject({ snapshot: SNAPSHOT, ended_at: null, created_at: '9007199254740990' });
  expect(await to.query(`select job_id from job_runs`)).toEqual([{ job_id: 'j' }]);

  // From one Postgres into another by the same code: the first is left as it was, and what has rows takes no others.
  const second = postgresDatabase({ url: await server.createDatabase() });
  await moveDatabase(to, second);
  expect(await rowsOf(second)).toEqual(expected);
  await expect(moveDatabase(to, second)).rejects.toThrow('has rows already');
  expect([await rowsOf(second), await rowsOf(to)]).toEqual([expected, expected]);
  await Promise.all([to.close(), second.close()]);
});

test('no folder and no target are told in one line', async () => {
  const url = await server.createDatabase();
  expect(await move({ DATABASE_URL: url })).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^There is no .*\n$/),
  });
  expect(await move({})).toMatchObject({ code: 1, err: expect.stringMatching(/^DATABASE_URL: missing.*\n$/) });
});
