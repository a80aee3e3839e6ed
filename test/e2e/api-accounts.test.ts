import {
  sqlJobStore,
  sqlStoredAccounts,
  sqlStoredRuns,
  sqlStoredSessions,
  upsertRuns,
  upsertSessions,
} from '#libs/store';
import { upsertTexts, upsertUsage, type SessionRun, type SqlDatabase } from '#libs/store';
import { ALICE, BOB, startApiLab, type ApiLab } from '../support/api-lab.js';
import { jobOf } from '../support/job.js';
import { migratedPglite } from '../support/pglite.js';
import { runSnapshot } from '../support/run-snapshot.js';
import { serveStore, type TestStoreService } from '../support/store-service.js';

/** Usage, search, the rows of keys that are gone, deletion of runs, files of sessions: over HTTP, good and bad. */
const ADMIN = 'admin-token-0123456789abcdef';
let db: SqlDatabase;
let service: TestStoreService;
let lab: ApiLab;

const DAY = Date.UTC(2026, 0, 2);
const run = (owner: string, id: string, sessionId: string, more: object = {}): SessionRun => ({
  snapshot: runSnapshot({ runId: `run_${id.padStart(32, '0')}`, owner, sessionId, createdAt: DAY, ...more }),
  input: { messages: [{ role: 'user', content: `Tell me of ibis ${id}` }] },
});

beforeAll(async () => {
  db = await migratedPglite();
  const jobs = sqlJobStore(db, () => 0);
  await jobs.insert({ job: jobOf({ id: 'abcabcabcabc', owner: 'local' }), dueAt: null, jobsMax: 9 });
  const runs = [
    run('alice', '1', 's'),
    run('alice', '2', 's', { parentId: `run_${'1'.padStart(32, '0')}` }),
    run('bob', '3', 's'),
    run('local', '4', 'old'),
  ];
  await upsertRuns(
    db,
    runs.map(({ snapshot }) => snapshot),
    new Map(runs.map(({ snapshot, input }) => [snapshot.runId, input ?? { messages: [] }])),
  );
  await upsertUsage(db, runs);
  await upsertTexts(db, runs);
  await upsertSessions(db, runs);
  service = await serveStore({
    jobs,
    accounts: sqlStoredAccounts(db),
    runs: sqlStoredRuns(db, Date.now),
    sessions: sqlStoredSessions(db, Date.now),
  });
  lab = await startApiLab(1, { STORE_URL: service.url, ADMIN_TOKEN: ADMIN });
});
afterAll(async () => {
  await lab?.close();
  await service?.close();
  await db?.close();
});

type Body = Record<string, unknown>;
async function ask(method: string, path: string, { key = ALICE, body }: { key?: string; body?: object } = {}) {
  const headers = { authorization: `Bearer ${key}` };
  const { response, whole } = await lab.ask(path, { method, headers, ...(body && { body }) });
  return { status: response.statusCode ?? 0, body: JSON.parse(await whole) as Body };
}
const refused = (status: number, code: string, param: string | null = null): object => ({
  status,
  body: { error: { code, param, type: expect.any(String) as string, message: expect.any(String) as string } },
});
const rows = ({ body }: { body: Body }): Body[] => body['data'] as Body[];

describe('usage', () => {
  const range = 'from=2026-01-01&to=2026-01-31';

  test('of a key is its own, of all keys the admin sees', async () => {
    const own = await ask('GET', `/v1/usage?${range}`);
    expect(own.body).toMatchObject({ object: 'list', has_more: false, next: null });
    expect(rows(own)).toMatchObject([{ object: 'usage', day: '2026-01-02', key: 'alice', runs: 2, cost: null }]);
    const all = await ask('GET', `/internal/usage?${range}`, { key: ADMIN });
    expect(rows(all).map(({ key }) => key)).toEqual(['alice', 'bob', 'local']);
    expect(rows(await ask('GET', `/internal/usage?${range}&key=bob`, { key: ADMIN }))).toHaveLength(1);
    expect((await ask('GET', `/internal/usage?${range}`)).status).toBe(401);
  });

  test('is paged', async () => {
    const first = await ask('GET', `/internal/usage?${range}&limit=2`, { key: ADMIN });
    expect(first.body['has_more']).toBe(true);
    const next = String(first.body['next']);
    const second = await ask('GET', `/internal/usage?${range}&limit=2&after=${next}`, { key: ADMIN });
    expect(rows(second).map(({ key }) => key)).toEqual(['local']);
  });

  test.each([
    ['from=2026-02-30', 'invalid_request', 'from'],
    ['from=yesterday', 'invalid_request', 'from'],
    ['from=2026-02-01&to=2026-01-01', 'invalid_request', 'from'],
    ['from=2020-01-01&to=2026-01-01', 'invalid_request', 'from'],
    ['from=2026-01-01&from=2026-01-02', 'invalid_request', 'from'],
    ['to=1', 'invalid_request', 'to'],
    ['since=2026-01-01', 'invalid_request', 'since'],
    ['until=2026-01-01', 'invalid_request', 'until'],
    ['days=7', 'invalid_request', 'days'],
    ['start_time=1767225600', 'invalid_request', 'start_time'],
    ['limit=0', 'invalid_request', 'limit'],
    ['limit=100000', 'invalid_request', 'limit'],
    ['limit=1e2', 'invalid_request', 'limit'],
    ['after=nonsense', 'invalid_cursor', 'after'],
    [`after=${Buffer.from('{"day":-1}').toString('base64url')}`, 'invalid_cursor', 'after'],
  ])('refuses ?%s', async (query, code, param) => {
    for (const [path, key] of [
      ['/v1/usage', ALICE],
      ['/internal/usage', ADMIN],
    ] as const) {
      const told = await ask('GET', `${path}?${query}`, { key });
      expect(told).toMatchObject(refused(400, code, param));
      // What is accepted is said, not only that this is not.
      const { message } = told.body['error'] as { message: string };
      if (code === 'invalid_request') expect(message).toMatch(/\d{4}-\d\d-\d\d|between 1 and|once/);
    }
  });
});

describe('search', () => {
  test('finds what was said in the sessions of the key alone', async () => {
    const found = await ask('GET', '/api/search?q=ibis&limit=1');
    expect(rows(found)).toMatchObject([{ object: 'search.hit', session_id: 's', created_at: DAY / 1_000 }]);
    const next = await ask('GET', `/api/search?q=ibis&after=${String(found.body['next'])}`);
    expect(rows(next)).toHaveLength(1);
    expect(rows(await ask('GET', '/api/search?q=ibis', { key: BOB }))).toHaveLength(1);
  });

  test.each([
    ['', 'missing_required_parameter', 'q'],
    ['q=', 'invalid_request', 'q'],
    [`q=${'x'.repeat(257)}`, 'invalid_request', 'q'],
    ['q=a&q=b', 'invalid_request', 'q'],
    ['q=a&limit=51', 'invalid_request', 'limit'],
    ['q=a&after=x', 'invalid_cursor', 'after'],
  ])('refuses ?%s', async (query, code, param) => {
    expect(await ask('GET', `/api/search?${query}`)).toMatchObject(refused(400, code, param));
  });
});

describe('the rows of names that no key has', () => {
  const admin = { key: ADMIN };

  test('are seen, and their jobs are given to a key', async () => {
    const owners = rows(await ask('GET', '/internal/owners', admin));
    expect(owners).toContainEqual(
      expect.objectContaining({ name: 'local', has_key: false, jobs: 1, runs: 1, sessions: 1 }),
    );
    expect(owners).toContainEqual(expect.objectContaining({ name: 'alice', has_key: true }));
    expect(rows(await ask('GET', '/internal/owners/local/jobs', admin))).toMatchObject([{ id: 'abcabcabcabc' }]);
    const move = '/internal/owners/local/jobs/move';
    expect(await ask('POST', move, { ...admin, body: { to: 'nobody' } })).toMatchObject(
      refused(400, 'invalid_request', 'to'),
    );
    expect(await ask('POST', move, { ...admin, body: { to: 7 } })).toMatchObject(refused(400, 'invalid_request', 'to'));
    expect(await ask('POST', move, { ...admin, body: {} })).toMatchObject(
      refused(400, 'missing_required_parameter', 'to'),
    );
    expect((await ask('POST', move, { ...admin, body: { to: 'alice' } })).body).toMatchObject({
      jobs: 1,
      moved_to: 'alice',
    });
    expect(await ask('POST', move, { ...admin, body: { to: 'alice' } })).toMatchObject(
      refused(404, 'not_found', 'name'),
    );
    expect((await ask('GET', '/api/jobs/abcabcabcabc')).status).toBe(200);
    expect(await ask('DELETE', '/internal/owners/bob/jobs/abcabcabcabc', admin)).toMatchObject(
      refused(404, 'job_not_found', 'id'),
    );
    expect((await ask('DELETE', '/internal/owners/alice/jobs/abcabcabcabc', admin)).body).toMatchObject({
      deleted: true,
    });
  });

  test('are deleted, and those of a key are not', async () => {
    expect(await ask('DELETE', '/internal/owners/alice', admin)).toMatchObject(refused(403, 'forbidden', 'name'));
    expect((await ask('DELETE', '/internal/owners/local', admin)).body).toMatchObject({ deleted: true, done: true });
    expect(await ask('DELETE', '/internal/owners/local', admin)).toMatchObject(refused(404, 'not_found', 'name'));
    expect((await ask('DELETE', '/internal/owners/local')).status).toBe(401);
  });
});

test('all rows of a name go to a key, after a look at their numbers', async () => {
  const admin = { key: ADMIN };
  const late = run('left', '9', 'left-session');
  await upsertRuns(db, [late.snapshot], new Map([[late.snapshot.runId, late.input ?? { messages: [] }]]));
  await upsertSessions(db, [late]);
  const path = '/internal/owners/left/move';
  expect(await ask('POST', path, { ...admin, body: { to: 'alice', confirm: 'yes' } })).toMatchObject(
    refused(400, 'invalid_request', 'confirm'),
  );
  expect((await ask('POST', path, { body: { to: 'alice' } })).status).toBe(401);
  const look = (await ask('POST', path, { ...admin, body: { to: 'bob' } })).body;
  expect(look).toMatchObject({ confirmed: false, runs: 1, sessions: 1, rows: 0 });
  expect(await ask('GET', '/api/sessions/left-session', { key: BOB })).toMatchObject({ status: 404 });
  const moved = (await ask('POST', path, { ...admin, body: { to: 'bob', confirm: true } })).body;
  expect(moved).toMatchObject({ moved_to: 'bob', confirmed: true, runs: 1, sessions: 1, done: true });
  expect((await ask('GET', '/api/sessions/left-session', { key: BOB })).status).toBe(200);
  expect((await ask('GET', `/v1/runs/${late.snapshot.runId}`, { key: BOB })).status).toBe(200);
  expect(await ask('POST', path, { ...admin, body: { to: 'bob', confirm: true } })).toMatchObject(
    refused(404, 'not_found', 'name'),
  );
  expect(await ask('POST', '/internal/owners/bob/move', { ...admin, body: { to: 'alice' } })).toMatchObject(
    refused(403, 'forbidden', 'name'),
  );
});

test('POST /v1/runs/{id}/rerun refuses a field that it does not have: a mistyped one would begin another run', async () => {
  const path = `/v1/runs/run_${'2'.padStart(32, '0')}/rerun`;
  expect(await ask('POST', path, { body: { step: 1 } })).toMatchObject(refused(400, 'invalid_request', 'step'));
});

describe('DELETE /v1/runs/{id}', () => {
  const id = `run_${'1'.padStart(32, '0')}`;

  test('hides the run from everybody, and is answered like every deletion', async () => {
    expect(await ask('DELETE', `/v1/runs/${id}`, { key: BOB })).toMatchObject(refused(404, 'run_not_found', 'id'));
    expect(await ask('DELETE', '/v1/runs/nonsense')).toMatchObject(refused(404, 'run_not_found', 'id'));
    expect((await ask('DELETE', `/v1/runs/${id}`)).body).toEqual({
      object: 'hermes.run.deleted',
      id,
      run_id: id,
      deleted: true,
    });
    for (const path of ['', '/turn', '/events']) {
      expect(await ask('GET', `/v1/runs/${id}${path}`)).toMatchObject(refused(404, 'run_not_found', 'id'));
    }
    expect(rows(await ask('GET', '/api/search?q=ibis'))).toHaveLength(1);
    // The turn behind it is there, and still continues it.
    for (const list of ['messages', 'turns']) {
      const shown = JSON.stringify((await ask('GET', `/api/sessions/s/${list}`)).body);
      expect([shown.includes('Tell me of ibis 2'), shown.includes('Tell me of ibis 1')]).toEqual([true, false]);
    }
  });

  test('ends a run that goes on', async () => {
    const started = await ask('POST', '/v1/runs', { body: { input: 'Hello' } });
    const runId = String(started.body['run_id']);
    expect((await ask('DELETE', `/v1/runs/${runId}`)).status).toBe(200);
    expect((await lab.snapshot(runId)).status).toBe('cancelled');
  });
});
