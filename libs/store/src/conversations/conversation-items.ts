import { GatewayError, LIMITS, type ItemPageQuery, type JsonObject, type StoredItemPage } from '#libs/contract';
import type { SqlDatabase, SqlQueries } from '../ports.js';
import { storable } from '../storable.js';
import { valuesOf, type ConversationItem, type ConversationKey } from './conversation-rows.js';
import { withoutRepeated } from './repeated-items.js';

export interface NewItems {
  readonly items: readonly ConversationItem[];
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The run that the items come from. Its items are added once, however often that is requested. */
  readonly runId?: string;
  /**
   * The items are added only to the conversation created at this time: one with the same id may have been created
   * again.
   */
  readonly madeAt?: number;
}

/**
 * Adds items at the end, in order. An item that already exists keeps its position. Concurrent additions wait for each
 * other, so no two items share a position. Output of a run is never refused.
 * @returns false when there is no such conversation. Throws GatewayError `array_above_max_length` when it is full, and
 *   `invalid_request` for an item without a spare id whose id another item has.
 */
export function appendItems(db: SqlDatabase, key: ConversationKey, added: NewItems): Promise<boolean> {
  return db.transaction(async (tx) => {
    const { items, at, runId, madeAt } = added;
    const found = await tx.query(
      `update conversations set used_at = greatest(used_at, $3::bigint)
       where id = $1 and owner = $2 and created_at = coalesce($4::bigint, created_at) returning id`,
      [...valuesOf(key), at, madeAt ?? null],
    );
    if (found.length === 0) return false;
    if (runId !== undefined && !(await beginTurn(tx, key, runId))) return true;
    if (items.length === 0) return true;
    if (runId === undefined) await assertRoom(tx, key, items.length);
    await insertItems(tx, key, await withoutRepeated(tx, key, items));
    return true;
  });
}

/** @returns false when the items of this run were added before. */
async function beginTurn(tx: SqlQueries, { id }: ConversationKey, runId: string): Promise<boolean> {
  const rows = await tx.query(
    'insert into conversation_turns (conversation_id, run_id) values ($1, $2) on conflict do nothing returning run_id',
    [storable(id), storable(runId)],
  );
  return rows.length > 0;
}

/** Whether the items of this run were added. */
export async function hasTurn(db: SqlQueries, conversationId: string, runId: string): Promise<boolean> {
  const rows = await db.query('select 1 from conversation_turns where conversation_id = $1 and run_id = $2', [
    storable(conversationId),
    storable(runId),
  ]);
  return rows.length > 0;
}

// The positions are counted in the statement, under the conversation's row lock.
const INSERT = `
insert into conversation_items (conversation_id, place, id, item)
select $1, (select coalesce(max(place), 0) from conversation_items where conversation_id = $1) + n, item_id, item
from unnest($2::text[], $3::text[]) with ordinality as added (item_id, item, n)`;

/**
 * Throws GatewayError `array_above_max_length` when the conversation cannot take this many more items, or already has
 * as many bytes as it may.
 */
export async function assertRoom(db: SqlQueries, { id }: ConversationKey, more: number): Promise<void> {
  const [row] = await db.query<{ count: number; bytes: string | number }>(
    `select count(*)::int as count, coalesce(sum(octet_length(item)), 0)::bigint as bytes
     from conversation_items where conversation_id = $1`,
    [storable(id)],
  );
  const { count = 0, bytes = 0 } = row ?? {};
  if (count + more <= LIMITS.conversationItemsMax && Number(bytes) <= LIMITS.conversationBytesMax) return;
  const bounds = `${LIMITS.conversationItemsMax} items and ${LIMITS.conversationBytesMax} bytes`;
  const problem = `A conversation has at most ${bounds}. Begin another one.`;
  throw new GatewayError('array_above_max_length', problem, { param: 'conversation' });
}

async function insertItems(tx: SqlQueries, key: ConversationKey, items: readonly ConversationItem[]): Promise<void> {
  const ids = items.map(({ id }) => storable(id));
  await tx.query(INSERT, [storable(key.id), ids, items.map(({ item }) => JSON.stringify(item))]);
}

/**
 * A page of items. undefined when there is no such conversation. Throws GatewayError `invalid_cursor` when there is no
 * item `after`.
 */
export async function listItems(
  db: SqlQueries,
  key: ConversationKey,
  { order, limit, after }: ItemPageQuery,
): Promise<StoredItemPage | undefined> {
  const [start] = await db.query<{ place: string | number | null }>(
    `select i.place from conversations c
     left join conversation_items i on i.conversation_id = c.id and i.id = $3
     where c.id = $1 and c.owner = $2`,
    [...valuesOf(key), after === undefined ? null : storable(after)],
  );
  if (!start) return undefined;
  if (after !== undefined && start.place === null) {
    throw new GatewayError('invalid_cursor', `There is no item '${after}' in this conversation.`, { param: 'after' });
  }
  const beyond = order === 'asc' ? '>' : '<';
  const rows = await db.query<{ item: string }>(
    `select item from conversation_items
     where conversation_id = $1 and ($2::bigint is null or place ${beyond} $2::bigint)
     order by place ${order} limit $3::int + 1`,
    [storable(key.id), start.place === null ? null : Number(start.place), limit],
  );
  const items = rows.slice(0, limit).map(({ item }) => parseItem(item));
  return { items, hasMore: rows.length > limit };
}

/**
 * All items, oldest first, for a response that is about to begin. undefined when there is no such conversation. Throws
 * GatewayError `array_above_max_length` when it is full.
 */
export async function allItems(db: SqlQueries, key: ConversationKey): Promise<readonly JsonObject[] | undefined> {
  await assertRoom(db, key, 1);
  const page = await listItems(db, key, { order: 'asc', limit: LIMITS.conversationItemsMax });
  return page?.items;
}

export async function getItem(db: SqlQueries, key: ConversationKey, itemId: string): Promise<JsonObject | undefined> {
  const [row] = await db.query<{ item: string }>(
    `select i.item from conversation_items i join conversations c on c.id = i.conversation_id
     where c.id = $1 and c.owner = $2 and i.id = $3`,
    [...valuesOf(key), storable(itemId)],
  );
  return row && parseItem(row.item);
}

/** @returns false when there was none. */
export async function deleteItem(db: SqlQueries, key: ConversationKey, itemId: string): Promise<boolean> {
  const rows = await db.query(
    `delete from conversation_items i using conversations c
     where c.id = i.conversation_id and c.id = $1 and c.owner = $2 and i.id = $3 returning i.id`,
    [...valuesOf(key), storable(itemId)],
  );
  return rows.length > 0;
}

const parseItem = (text: string): JsonObject => JSON.parse(text) as JsonObject;
