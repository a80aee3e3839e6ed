import { LIMITS } from '#libs/contract';
import {
  allItems,
  appendItems,
  deleteConversation,
  deleteConversationsUnusedSince,
  deleteItem,
  deleteOldestRuns,
  deleteRunsBefore,
  dropOldDeletionMarks,
  ensureConversation,
  eraseDeletedRuns,
  getConversation,
  getItem,
  getRun,
  getTurns,
  listItems,
  listRuns,
  markRunDeleted,
  migrate,
  updateConversation,
  upsertRuns,
  surplusOfOwners,
  type SqlDatabase,
} from '#libs/store';
import { onBothDatabases } from '../support/both-databases.js';
import { runSnapshot } from '../support/run-snapshot.js';

const STRANGE = 'NUL \0 lone \ud800 quote " \u2028';

function suite(name: string, fresh: () => Promise<SqlDatabase>): void {
  describe(`conversations on ${name}`, () => {
    let db: SqlDatabase;
    let made = 0;

    beforeAll(async () => {
      db = await fresh();
      await migrate(db);
    });
    afterAll(() => db?.close());

    async function conversation(owner = 'alice', createdAt = 1_000) {
      const key = { id: `conv_${++made}`, owner };
      await ensureConversation(db, { ...key, metadata: { topic: STRANGE }, createdAt });
      return key;
    }
    const item = (id: string) => ({ id, item: { id, type: 'message', role: 'user', content: STRANGE } });
    const idsOf = (items: readonly object[] | undefined) => items?.map((one) => (one as { id: string }).id);

    test('it comes back as it was made, is changed, and is nobody else’s', async () => {
      const key = await conversation();
      const stranger = { ...key, owner: 'bob' };
      expect(await getConversation(db, key)).toEqual({ ...key, metadata: { topic: STRANGE }, createdAt: 1_000 });
      await ensureConversation(db, { ...key, metadata: {}, createdAt: 2_000 });
      expect((await getConversation(db, key))?.metadata).toEqual({ topic: STRANGE });
      expect((await updateConversation(db, key, { metadata: { a: 'b' }, at: 1 }))?.metadata).toEqual({ a: 'b' });
      await appendItems(db, key, { items: [item('i1')], at: 1 });
      expect(await getConversation(db, stranger)).toBeUndefined();
      expect(await updateConversation(db, stranger, { metadata: {}, at: 1 })).toBeUndefined();
      expect(await listItems(db, stranger, { order: 'asc', limit: 10 })).toBeUndefined();
      expect(await getItem(db, stranger, 'i1')).toBeUndefined();
      expect(await deleteItem(db, stranger, 'i1')).toBe(false);
      expect(await appendItems(db, stranger, { items: [item('i2')], at: 1 })).toBe(false);
      expect(await deleteConversation(db, stranger)).toBe(false);
      expect(await deleteConversation(db, key)).toBe(true);
      expect(await allItems(db, key)).toBeUndefined();
    });

    test('items keep their order, page by page in both directions', async () => {
      const key = await conversation();
      const ids = Array.from({ length: 7 }, (_, i) => `item_${i}`);
      await appendItems(db, key, { items: ids.slice(0, 3).map(item), at: 1 });
      await appendItems(db, key, { items: ids.slice(3).map(item), at: 1 });
      expect(idsOf(await allItems(db, key))).toEqual(ids);
      for (const order of ['asc', 'desc'] as const) {
        const seen: string[] = [];
        for (let after: string | undefined; ; after = seen.at(-1)) {
          const page = await listItems(db, key, { order, limit: 2, ...(after !== undefined && { after }) });
          seen.push(...(idsOf(page?.items) ?? []));
          if (!page?.hasMore) break;
        }
        expect(seen).toEqual(order === 'asc' ? ids : [...ids].reverse());
      }
      await expect(listItems(db, key, { order: 'asc', limit: 1, after: 'nope' })).rejects.toMatchObject({
        code: 'invalid_cursor',
      });
      expect(await deleteItem(db, key, 'item_3')).toBe(true);
      expect(await getItem(db, key, 'item_3')).toBeUndefined();
      expect(await getItem(db, key, 'item_4')).toEqual(item('item_4').item);
      expect(idsOf(await allItems(db, key))).toEqual(ids.filter((id) => id !== 'item_3'));
    });

    test('the items of a run are added once, and those that were deleted stay deleted', async () => {
      const key = await conversation();
      const turn = { items: [item('in'), item('out')], at: 5, runId: 'run_1' };
      expect(await appendItems(db, key, turn)).toBe(true);
      await deleteItem(db, key, 'out');
      expect(await appendItems(db, key, turn)).toBe(true);
      expect(idsOf(await allItems(db, key))).toEqual(['in']);
    });

    test('the items of a run of a deleted conversation do not reach the one that was made with its id since', async () => {
      const key = await conversation('alice', 1_000);
      const turn = { items: [item('secret')], at: 5, runId: 'run_1', madeAt: 1_000 };
      await deleteConversation(db, key);
      await ensureConversation(db, { ...key, metadata: {}, createdAt: 2_000 });
      expect(await appendItems(db, key, turn)).toBe(false);
      expect(await allItems(db, key)).toEqual([]);
      expect(await appendItems(db, key, { ...turn, madeAt: 2_000 })).toBe(true);
      expect(idsOf(await allItems(db, key))).toEqual(['secret']);
    });

    test('an item that is there already is a repetition; another one with its id is refused and adds nothing', async () => {
      const key = await conversation();
      await appendItems(db, key, { items: [item('a'), item('b')], at: 1 });
      await appendItems(db, key, { items: [item('b'), item('c')], at: 1 });
      expect(idsOf(await allItems(db, key))).toEqual(['a', 'b', 'c']);
      const other = { id: 'b', item: { ...item('b').item, content: 'other' } };
      await expect(appendItems(db, key, { items: [item('d'), other], at: 1 })).rejects.toMatchObject({
        code: 'invalid_request',
        param: 'items[1].id',
      });
      expect(idsOf(await allItems(db, key))).toEqual(['a', 'b', 'c']);
    });

    test('nothing that a run adds is lost: an item whose id is another’s takes its spare one', async () => {
      const key = await conversation();
      await appendItems(db, key, { items: [item('a')], at: 1 });
      const said = (id: string, content: string) => ({ id, item: { id, content }, spareId: `spare ${content}` });
      const items = [said('a', '1'), said('b', '2'), said('b', '3'), said('b', '2'), { ...item('a'), spareId: 'x' }];
      await appendItems(db, key, { items, at: 1, runId: 'run_1' });
      expect(await allItems(db, key)).toEqual([
        item('a').item,
        { id: 'spare 1', content: '1' },
        { id: 'b', content: '2' },
        { id: 'spare 3', content: '3' },
      ]);
    });

    test('many who add at the same time lose nothing and share no place', async () => {
      const key = await conversation();
      const added = Array.from({ length: 30 }, (_, i) => [item(`a${i}`), item(`b${i}`)]);
      await Promise.all(added.map((items, i) => appendItems(db, key, { items, at: 1, runId: `run_${i}` })));
      const ids = idsOf(await allItems(db, key)) ?? [];
      expect(ids).toHaveLength(60);
      for (let i = 0; i < 30; i++) expect(ids[ids.indexOf(`a${i}`) + 1]).toBe(`b${i}`);
    });

    test('a conversation that is full says so and stays as it is', async () => {
      const key = await conversation();
      const many = Array.from({ length: LIMITS.conversationItemsMax }, (_, i) => item(`i${i}`));
      await appendItems(db, key, { items: many, at: 1 });
      await expect(appendItems(db, key, { items: [item('one more')], at: 1 })).rejects.toMatchObject({
        code: 'array_above_max_length',
      });
      await appendItems(db, key, { items: [item('of a run')], at: 1, runId: 'run_9' });
      expect(await getItem(db, key, 'one more')).toBeUndefined();
      expect(await getItem(db, key, 'of a run')).toBeDefined();
      await expect(allItems(db, key)).rejects.toMatchObject({ code: 'array_above_max_length' });
      await deleteConversation(db, key);
      const heavy = await conversation();
      const long = { id: 'long', item: { id: 'long', text: 'x'.repeat(LIMITS.conversationBytesMax) } };
      await appendItems(db, heavy, { items: [long], at: 1 });
      await expect(appendItems(db, heavy, { items: [item('y')], at: 1 })).rejects.toMatchObject({
        code: 'array_above_max_length',
      });
      await deleteConversation(db, heavy);
    });

    test('one that nobody adds to for long goes, in batches', async () => {
      const old = await Promise.all(Array.from({ length: 5 }, () => conversation('dave', 10)));
      const used = await conversation('dave', 10);
      await appendItems(db, used, { items: [item('x')], at: 900 });
      expect(await deleteConversationsUnusedSince(db, 500, 3)).toBe(3);
      expect(await deleteConversationsUnusedSince(db, 500, 3)).toBe(2);
      expect(await Promise.all(old.map((key) => getConversation(db, key)))).toEqual(old.map(() => undefined));
      expect(await getConversation(db, used)).toBeDefined();
    });

    test('a deleted run is hidden, goes on in the conversations that continue it, and is erased after them', async () => {
      const first = runSnapshot({ owner: 'erin' });
      const second = runSnapshot({ owner: 'erin', parentId: first.runId });
      const late = runSnapshot({ owner: 'erin' });
      await upsertRuns(db, [first, second]);
      await markRunDeleted(db, first.runId, 100);
      await markRunDeleted(db, first.runId, 900);
      await markRunDeleted(db, late.runId, 100);
      await upsertRuns(db, [first, late]);
      expect(await getRun(db, first.runId)).toBeUndefined();
      expect(await getRun(db, late.runId)).toBeUndefined();
      expect((await listRuns(db, { owner: 'erin', limit: 10 })).runs.map(({ runId }) => runId)).toEqual([second.runId]);
      const chain = [first.runId, second.runId];
      expect((await getTurns(db, second.runId, 10)).map(({ runId }) => runId)).toEqual(chain);
      expect(await eraseDeletedRuns(db, 100, 10)).toBe(0);
      expect(await eraseDeletedRuns(db, 101, 10)).toBe(1);
      expect((await getTurns(db, second.runId, 10)).map(({ runId }) => runId)).toEqual(chain);
      await markRunDeleted(db, second.runId, 100);
      expect(await eraseDeletedRuns(db, 101, 10)).toBe(1);
      expect(await eraseDeletedRuns(db, 101, 10)).toBe(1);
      expect(await getTurns(db, second.runId, 10)).toEqual([]);
      expect(await db.query(`select id from deleted_runs where id = $1`, [first.runId])).toHaveLength(1);
      await dropOldDeletionMarks(db, 101, 100);
      expect(await db.query(`select id from deleted_runs`)).toEqual([]);
    });

    test('retention by count takes the oldest of each owner; what continued them begins later', async () => {
      const runs = Array.from({ length: 12 }, (_, i) => runSnapshot({ owner: 'fay', createdAt: 1_000 + i }));
      const chained = runs.map((run, i) => ({ ...run, ...(runs[i - 1] && { parentId: runs[i - 1]?.runId ?? '' }) }));
      await upsertRuns(db, [...chained, runSnapshot({ owner: 'gus' })]);
      expect(await surplusOfOwners(db, 5)).toEqual([{ owner: 'fay', surplus: 7 }]);
      expect(await deleteOldestRuns(db, 'fay', 7)).toBe(7);
      expect(await surplusOfOwners(db, 5)).toEqual([]);
      const left = chained.slice(7).map(({ runId }) => runId);
      expect((await getTurns(db, left.at(-1) ?? '', 100)).map(({ runId }) => runId)).toEqual(left);
      expect((await listRuns(db, { owner: 'gus', limit: 5 })).runs).toHaveLength(1);
      expect(await deleteRunsBefore(db, 1_009, 100)).toBe(2);
    });
  });
}

onBothDatabases(suite);
