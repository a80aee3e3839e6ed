import {
  sqlJobStore,
  sqlStoredAccounts,
  sqlStoredRuns,
  sqlStoredSessions,
  upsertRuns,
  upsertSessions,
  upsertTexts,
  type SessionRun,
  type SqlDatabase,
} from '#libs/store';
import { ALICE, startApiLab, type ApiLab } from '../support/api-lab.js';
import { migratedPglite } from '../support/pglite.js';
import { runSnapshot } from '../support/run-snapshot.js';
import { serveStore, type TestStoreService } from '../support/store-service.js';

/** A run that was deleted is shown nowhere from the answer to the deletion on, whether the store has it or not. */
let db: SqlDatabase;
let service: TestStoreService;
let lab: ApiLab;
const DAY = Date.UTC(2026, 0, 2);
const idOf = (n: number): string => `run_${String(n).padStart(32, '0')}`;

beforeAll(async () => {
  db = await migratedPglite();
  service = await serveStore({
    jobs: sqlJobStore(db, () => 0),
    accounts: sqlStoredAccounts(db),
    runs: sqlStoredRuns(db, Date.now),
    sessions: sqlStoredSessions(db, Date.now),
  });
  lab = await startApiLab(1, { STORE_URL: service.url });
});
afterAll(async () => {
  await lab?.close();
  await service?.close();
  await db?.close();
});

type Body = Record<string, unknown>;
async function ask(method: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${ALICE}` };
  const { response, whole } = await lab.ask(path, { method, headers, ...(body && { body }) });
  return { status: response.statusCode ?? 0, body: JSON.parse(await whole) as Body };
}
const refused = (code: string, param: string) => ({ status: 404, body: { error: { code, param } } });

/** Two turns of a session, as the store keeps them. */
async function stored(sessionId: string, first: number): Promise<void> {
  const runs = [first, first + 1].map((n): SessionRun => ({
    snapshot: runSnapshot({
      runId: idOf(n),
      owner: 'alice',
      sessionId,
      createdAt: DAY + n,
      ...(n > first && { parentId: idOf(first) }),
    }),
    input: { messages: [{ role: 'user', content: `Tell me of ibis ${n}` }] },
  }));
  await upsertRuns(
    db,
    runs.map(({ snapshot }) => snapshot),
    new Map(runs.map(({ snapshot, input }) => [snapshot.runId, input ?? { messages: [] }])),
  );
  await upsertTexts(db, runs);
  await upsertSessions(db, runs);
}

test('of a stored run the title of its session, the last run, the turns and the search know nothing any more', async () => {
  await stored('s', 1);
  const session = async (): Promise<Body> => (await ask('GET', '/api/sessions/s')).body;
  expect(await session()).toMatchObject({ title: 'Tell me of ibis 1', last_run_id: idOf(2) });
  await ask('DELETE', `/v1/runs/${idOf(1)}`);
  expect(await session()).toMatchObject({ title: 'Tell me of ibis 2', last_run_id: idOf(2), runs: 2 });
  await ask('DELETE', `/v1/runs/${idOf(2)}`);
  expect(await session()).toMatchObject({ title: null, last_run_id: null });
  const shown = await Promise.all(
    ['/api/sessions', '/api/sessions/s/turns', '/api/sessions/s/messages', '/api/search?q=ibis', '/v1/runs'].map(
      async (path) => JSON.stringify((await ask('GET', path)).body),
    ),
  );
  for (const text of shown) expect([text.includes('ibis'), text.includes(idOf(2))]).toEqual([false, false]);
});

test('of a run that the store does not have yet, neither', async () => {
  const started = await ask('POST', '/v1/runs', { input: 'Tell me of herons', session_id: 'young' });
  const runId = String(started.body['run_id']);
  expect((await ask('GET', '/api/sessions/young')).body).toMatchObject({ last_run_id: runId });
  expect(JSON.stringify((await ask('GET', '/api/sessions/young/turns')).body)).toContain('herons');
  await ask('DELETE', `/v1/runs/${runId}`);
  expect((await ask('GET', '/api/sessions/young')).body).toMatchObject({ title: null, last_run_id: null });
  for (const list of ['turns', 'messages']) {
    expect((await ask('GET', `/api/sessions/young/${list}`)).body).toMatchObject({ data: [] });
  }
});

describe('a fork behind a deleted run', () => {
  const fork = (body: object, sessionId = 'f') => ask('POST', `/api/sessions/${sessionId}/fork`, body);

  test('is refused at once, and names what the caller can change', async () => {
    await stored('f', 11);
    await ask('DELETE', `/v1/runs/${idOf(12)}`);
    expect(await fork({ run_id: idOf(12) })).toMatchObject(refused('run_not_found', 'run_id'));
    expect(await fork({})).toMatchObject(refused('run_not_found', 'id'));
    expect((await fork({ run_id: idOf(11) })).status).toBe(201);
  });

  test('while the log of the run is there as well: nobody waits for what the store will never show', async () => {
    const started = await ask('POST', '/v1/runs', { input: 'Tell me of storks', session_id: 'g' });
    const runId = String(started.body['run_id']);
    await ask('DELETE', `/v1/runs/${runId}`);
    const asked: string[] = [];
    const { fetch } = globalThis;
    globalThis.fetch = (...args) => (asked.push(String(args[0])), fetch(...args));
    try {
      expect(await fork({}, 'g')).toMatchObject(refused('run_not_found', 'id'));
      expect(await fork({ run_id: runId }, 'g')).toMatchObject(refused('run_not_found', 'run_id'));
    } finally {
      globalThis.fetch = fetch;
    }
    // One look for each of the two, where waiting looks again and again.
    expect(asked.filter((url) => url.endsWith('/internal/runs/run')).length).toBeLessThanOrEqual(2);
  });
});
