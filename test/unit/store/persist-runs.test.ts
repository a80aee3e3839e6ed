import { memoryRunLog, type MemoryRunLog } from '#libs/bus';
import { foldAll, LIMITS, type RunEvent } from '#libs/contract';
import { newRunId } from '#libs/runs';
import { getRun, getTurns, sqlStoredRuns, upsertRuns, type SqlDatabase } from '#libs/store';
import { pino } from 'pino';
import { persistRuns } from '../../../apps/store/src/persist-runs.js';
import { migratedPglite } from '../../support/pglite.js';
import { runSnapshot } from '../../support/run-snapshot.js';
import { runSpec } from '../../support/run-spec.js';
import { runLogWith } from '../../support/run-log-with.js';

const logger = pino({ level: 'silent' });
const DONE: RunEvent = { type: 'run.completed', finishReason: 'stop' };
const text = (word: string): RunEvent => ({ type: 'text.delta', step: 1, text: word });

describe('persisting finished runs', () => {
  let db: SqlDatabase;
  let log: MemoryRunLog;

  beforeAll(async () => {
    db = await migratedPglite();
  });
  afterAll(async () => {
    await db.close();
  });
  beforeEach(() => {
    log = memoryRunLog();
  });

  /** A run with these events behind `run.queued`. */
  async function run(...events: readonly RunEvent[]): Promise<string> {
    const spec = runSpec();
    await log.open(spec);
    const logged = events.map((event, i) => JSON.stringify({ seq: i + 2, at: 1_000 + i, ...event }));
    const batch = { runId: spec.runId, attempt: 1, firstSeq: 2, events: logged, terminal: events.at(-1) === DONE };
    expect(await log.append([batch])).toMatchObject([{ kind: 'ok', lastSeq: events.length + 1 }]);
    return spec.runId;
  }
  const unconfirmed = (): Promise<string[]> => log.unconfirmed(Number.MAX_SAFE_INTEGER, 1_000);
  const persist = (runIds: readonly string[], database = db): Promise<void> =>
    persistRuns({ log, db: database, logger, prices: new Map() })(runIds);

  test('every run of a batch is in the database and confirmed', async () => {
    const runIds = await Promise.all(Array.from({ length: 60 }, (_, i) => run(text(`answer ${i}`), DONE)));
    await persist(runIds);
    for (const runId of runIds) {
      expect(await getRun(db, runId)).toEqual(foldAll(await log.read(runId, 0)));
    }
    expect(await unconfirmed()).toEqual([]);
  });

  test.each([-2, -1, 0, 1, LIMITS.relayReadBatchMax])(
    'a log of whole pages and %i more events is read whole',
    async (more) => {
      const words = Array.from({ length: LIMITS.relayReadBatchMax * 2 + more - 2 }, (_, i) => text(`${i} `));
      const runId = await run(...words, DONE);
      await persist([runId]);
      const row = await getRun(db, runId);
      expect(row?.status).toBe('completed');
      expect(row?.lastSeq).toBe(words.length + 2);
      expect(row?.items).toMatchObject([{ text: words.map((word) => ('text' in word ? word.text : '')).join('') }]);
    },
  );

  test('a run that has not ended is written and stays unconfirmed', async () => {
    const [open, done] = [await run(text('so far')), await run(DONE)];
    await persist([open, done]);
    expect(await getRun(db, open)).toMatchObject({ status: 'queued', items: [{ text: 'so far' }] });
    expect(await unconfirmed()).toEqual([open]);
  });

  test('a run whose log has expired is skipped, its neighbours are stored', async () => {
    const [gone, there] = [newRunId(), await run(DONE)];
    await persist([gone, there]);
    expect(await getRun(db, gone)).toBeUndefined();
    expect(await getRun(db, there)).toMatchObject({ status: 'completed' });
  });

  test('a log that has lost its beginning makes no row', async () => {
    const runId = await run(text('x'), DONE);
    await persistRuns({
      log: runLogWith({ read: async (id, after) => log.read(id, Math.max(after, 1)) }, log),
      db,
      logger,
      prices: new Map(),
    })([runId]);
    expect(await getRun(db, runId)).toBeUndefined();
    expect(await unconfirmed()).toEqual([runId]);
  });

  test('while the database is away nothing is confirmed, and the batch rejects', async () => {
    const runId = await run(DONE);
    const cut = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    await expect(persist([runId], { ...db, query: () => Promise.reject(cut) })).rejects.toBe(cut);
    expect(await unconfirmed()).toEqual([runId]);
    await persist([runId]);
    expect(await unconfirmed()).toEqual([]);
  });

  test('a run that the database cannot hold does not keep its neighbours from being stored', async () => {
    const runIds = [await run(DONE), await run(text('impossible'), DONE), await run(DONE)];
    const picky: SqlDatabase = {
      ...db,
      query: <T>(sql: string, params: readonly unknown[] = []) =>
        // A statement that Postgres itself refuses with a data exception.
        db.query<T>(JSON.stringify(params).includes('impossible') ? `select 'x'::int` : sql, params as never),
    };
    await persist(runIds, picky);
    expect(await unconfirmed()).toEqual([runIds[1]]);
    expect(await getRun(db, runIds[2] ?? '')).toMatchObject({ status: 'completed' });
  });

  test('persisting again, and an older state after a newer one, change nothing', async () => {
    const runId = await run(text('x'), DONE);
    await persist([runId, runId]);
    const before = await getRun(db, runId);
    await persistRuns({
      log: runLogWith({
        read: async (id) => (await log.read(id, 0)).slice(0, 2),
        spec: async () => undefined,
        confirmPersisted: async () => undefined,
      }),
      db,
      logger,
      prices: new Map(),
    })([runId]);
    expect(await getRun(db, runId)).toEqual(before);
  });

  test('a row of an earlier version without input, output and echo tells that nothing was kept', async () => {
    const bare = runSnapshot({ items: [], echo: {}, endedAt: 2_000, status: 'completed' });
    const asked = { ...bare, runId: newRunId() };
    await upsertRuns(db, [bare, asked], new Map([[asked.runId, { messages: [] }]]));
    const [turn] = await getTurns(db, bare.runId, 1);
    const { runs } = await sqlStoredRuns(db, Date.now).runs({ owner: bare.owner, limit: 100 });
    const listed = runs.find(({ runId }) => runId === bare.runId);
    for (const row of [await getRun(db, bare.runId), turn?.snapshot, listed]) expect(row?.contentKept).toBe(false);
    // The model said nothing, and what it was asked is there.
    expect(await getRun(db, asked.runId)).toEqual(asked);
  });

  test('what the run was asked is kept beside it; of a run that shall not be retained only how it went', async () => {
    const input = [{ type: 'message', role: 'user', content: 'Hello' }];
    const kept = runSpec({ input });
    const secret = runSpec({ retain: false, echo: { instructions: 'secret' } });
    for (const { runId } of [kept, secret]) {
      await log.open(runId === kept.runId ? kept : secret);
      const events = [text('answer'), DONE].map((event, i) => JSON.stringify({ seq: i + 2, at: 1_000, ...event }));
      await log.append([{ runId, attempt: 1, firstSeq: 2, events, terminal: true }]);
    }
    await persist([kept.runId, secret.runId]);
    const [turn] = await getTurns(db, kept.runId, 10);
    expect(turn?.input).toMatchObject({ messages: kept.messages, items: input });
    const [bare] = await getTurns(db, secret.runId, 10);
    expect(bare).toMatchObject({ snapshot: { status: 'completed', items: [], echo: {}, contentKept: false } });
    expect(await getRun(db, secret.runId)).toMatchObject({ contentKept: false });
    expect(await getRun(db, kept.runId)).not.toHaveProperty('contentKept');
    expect(bare?.input).toBeUndefined();
  });
});
