import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqlStoredSessions, upsertRuns, upsertSessions, type SqlDatabase } from '#libs/store';
import { ALICE, BOB, startApiLab, type ApiLab } from '../support/api-lab.js';
import { migratedPglite } from '../support/pglite.js';
import { runSnapshot } from '../support/run-snapshot.js';
import { serveStore, type TestStoreService } from '../support/store-service.js';

/** The files of a session over HTTP: written, listed, read, deleted, and no way out of the workspace. */
let dir: string;
let db: SqlDatabase;
let service: TestStoreService;
let lab: ApiLab;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'talaria-files-'));
  db = await migratedPglite();
  const snapshot = runSnapshot({ owner: 'alice', sessionId: 'work' });
  await upsertRuns(db, [snapshot]);
  await upsertSessions(db, [{ snapshot }]);
  service = await serveStore({ sessions: sqlStoredSessions(db, Date.now) });
  lab = await startApiLab(1, { STORE_URL: service.url, WORKSPACE_DIR: join(dir, 'workspaces') });
});
afterAll(async () => {
  await lab?.close();
  await service?.close();
  await db?.close();
  await rm(dir, { recursive: true, force: true });
});

type Body = Record<string, unknown>;
async function ask(
  method: string,
  query = '',
  { key = ALICE, body, session = 'work' }: { key?: string; body?: object; session?: string } = {},
) {
  const headers = { authorization: `Bearer ${key}` };
  const { response, whole } = await lab.ask(`/api/sessions/${session}/files${query}`, {
    method,
    headers,
    ...(body && { body }),
  });
  return { status: response.statusCode ?? 0, body: JSON.parse(await whole) as Body };
}
const put = (path: string, content: string) => ask('PUT', '', { body: { path, content } });
const at = (path: string): string => `?path=${encodeURIComponent(path)}`;
const refused = (status: number, code: string, param: string | null): object => ({
  status,
  body: { error: { code, param } },
});

/** Where the workspace lies on the disk. */
function folder(): string {
  const root = join(dir, 'workspaces');
  const [owner = ''] = readdirSync(root);
  const [session = ''] = readdirSync(join(root, owner));
  return join(root, owner, session);
}

test('a file is written, listed, read and deleted', async () => {
  expect((await ask('GET')).body).toEqual({
    object: 'list',
    data: [],
    has_more: false,
    next: null,
    unlisted: 0,
  });
  expect((await put('notes/a.txt', 'Héllo')).body).toMatchObject({
    object: 'session.file',
    path: 'notes/a.txt',
    bytes: 6,
  });
  expect((await ask('PUT', '', { body: { path: 'b.bin', content_base64: '/wAB' } })).body).toMatchObject({ bytes: 3 });
  expect(await readFile(join(folder(), 'notes/a.txt'), 'utf8')).toBe('Héllo');
  const { body } = await ask('GET', '?limit=1');
  expect(body).toMatchObject({ data: [{ path: 'b.bin' }], has_more: true, next: 'b.bin' });
  expect((await ask('GET', '?limit=1&after=b.bin')).body).toMatchObject({
    data: [{ path: 'notes/a.txt' }],
    next: null,
  });
  expect((await ask('GET', at('./notes//a.txt'))).body).toMatchObject({ path: 'notes/a.txt', content: 'Héllo' });
  expect((await ask('GET', at('b.bin'))).body).toMatchObject({ content_base64: '/wAB', bytes: 3 });
  expect((await ask('DELETE', at('b.bin'))).body).toMatchObject({
    object: 'session.file.deleted',
    path: 'b.bin',
    deleted: true,
  });
  expect(await ask('DELETE', at('b.bin'))).toMatchObject(refused(404, 'not_found', 'path'));
  expect(await ask('GET', at('b.bin'))).toMatchObject(refused(404, 'not_found', 'path'));
});

test("another key's session and one that is not there are the same", async () => {
  for (const options of [{ key: BOB }, { session: 'nothing' }, { session: '..%2Fx' }]) {
    expect(await ask('GET', '', options)).toMatchObject({
      status: 404,
      body: { error: { code: 'session_not_found' } },
    });
    expect((await ask('PUT', '', { ...options, body: { path: 'a', content: '' } })).status).toBe(404);
    expect((await ask('DELETE', at('a'), options)).status).toBe(404);
  }
});

test('no path and no link leads out', async () => {
  await put('in.txt', 'inside');
  await writeFile(join(dir, 'secret.txt'), 'secret');
  mkdirSync(join(dir, 'outside'), { recursive: true });
  await symlink(join(dir, 'secret.txt'), join(folder(), 'link.txt'));
  await symlink(join(dir, 'outside'), join(folder(), 'door'));
  for (const path of ['../../secret.txt', '/etc/hostname', 'a/../../x', 'a\\b', 'c:x', '~x', '.talaria-x', 'nul', '']) {
    expect(await ask('PUT', '', { body: { path, content: 'x' } })).toMatchObject(
      refused(400, 'invalid_request', 'path'),
    );
  }
  for (const path of ['link.txt', 'door/x', 'door']) {
    const answers = [await ask('GET', at(path)), await ask('DELETE', at(path)), await put(path, 'x')];
    for (const { status } of answers) expect([400, 404]).toContain(status);
  }
  expect(await readFile(join(dir, 'secret.txt'), 'utf8')).toBe('secret');
  expect(readdirSync(join(dir, 'outside'))).toEqual([]);
  expect((await ask('GET')).body['data']).not.toContainEqual(expect.objectContaining({ path: 'link.txt' }));
});

test.each<[object, string, string]>([
  [{}, 'missing_required_parameter', 'path'],
  [{ path: 1, content: '' }, 'invalid_request', 'path'],
  [{ path: 'a' }, 'invalid_request', 'content'],
  [{ path: 'a', content: 'x', content_base64: 'eA==' }, 'invalid_request', 'content'],
  [{ path: 'a', content: {} }, 'invalid_request', 'content'],
  [{ path: 'a', content_base64: 'no base64!' }, 'invalid_request', 'content_base64'],
  [{ path: 'a', content: 'x', mode: 7 }, 'invalid_request', 'mode'],
  [{ path: 'a', content: 'x'.repeat(2_000_001) }, 'invalid_request', 'path'],
  [{ path: 'x'.repeat(2_000), content: '' }, 'invalid_request', 'path'],
])('a body is refused by name (%#)', async (body, code, param) => {
  expect(await ask('PUT', '', { body })).toMatchObject(refused(400, code, param));
});

test.each(['?limit=0', '?limit=1001', '?limit=x', '?path=a&path=b'])(
  'a query is refused by name: %s',
  async (query) => {
    expect(await ask('GET', query)).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } });
  },
);

describe('one rule for names', () => {
  test.each(['d/', 'd/.', '.', '10:30.md', 'a\\b', 'end.', '../a'])('%j is refused by every verb', async (path) => {
    const no = refused(400, 'invalid_request', 'path');
    expect(await put(path, 'x')).toMatchObject(no);
    expect(await ask('GET', at(path))).toMatchObject(no);
    expect(await ask('DELETE', at(path))).toMatchObject(no);
  });

  test('what a list shows can be read and deleted; other files are counted', async () => {
    await put('named/fine.txt', 'x');
    const before = (await ask('GET')).body['unlisted'];
    await writeFile(join(folder(), 'named', '10:30.md'), 'x');
    await writeFile(join(folder(), 'named', 'end.'), 'x');
    const { body } = await ask('GET', '?limit=200');
    expect([before, body['unlisted']]).toEqual([0, 2]);
    for (const { path } of body['data'] as { path: string }[]) {
      expect((await ask('GET', at(path))).status).toBe(200);
    }
    expect((await ask('DELETE', at('named/fine.txt'))).status).toBe(200);
  });

  test.each(['', '/', '../x', 'd/', '10:30.md', 'x'.repeat(5_000)])('after=%j is no cursor', async (after) => {
    expect(await ask('GET', `?after=${encodeURIComponent(after)}`)).toMatchObject(
      refused(400, 'invalid_cursor', 'after'),
    );
  });

  test('a cursor stays valid when its file is deleted', async () => {
    expect((await ask('GET', `?after=${encodeURIComponent('gone/a.txt')}`)).status).toBe(200);
  });
});
