import { GatewayError, type JsonObject } from '#libs/contract';
import { isDeepStrictEqual } from 'node:util';
import type { SqlQueries } from '../ports.js';
import { storable } from '../storable.js';
import type { ConversationItem, ConversationKey } from './conversation-rows.js';

/**
 * The items that the conversation does not have yet. A repeated item is left out, and another item with an id that is
 * taken gets its spare one. Call this under the conversation's row lock. Throws GatewayError `invalid_request` that
 * names the id of an item without a spare one.
 */
export async function withoutRepeated(
  db: SqlQueries,
  { id }: ConversationKey,
  items: readonly ConversationItem[],
): Promise<readonly ConversationItem[]> {
  const known = await knownItems(db, id, items);
  return items.flatMap((added, i) => {
    const there = known.get(storable(added.id));
    if (there && isDeepStrictEqual(there, added.item)) return [];
    const placed = there ? renamed(added, i) : added;
    known.set(storable(placed.id), placed.item);
    return [placed];
  });
}

async function knownItems(
  db: SqlQueries,
  conversationId: string,
  items: readonly ConversationItem[],
): Promise<Map<string, JsonObject>> {
  const rows = await db.query<{ id: string; item: string }>(
    'select id, item from conversation_items where conversation_id = $1 and id = any($2::text[])',
    [storable(conversationId), items.map(({ id }) => storable(id))],
  );
  return new Map(rows.map(({ id, item }) => [id, JSON.parse(item) as JsonObject]));
}

function renamed({ item, spareId }: ConversationItem, index: number): ConversationItem {
  if (spareId !== undefined) return { id: spareId, item: { ...item, id: spareId } };
  const param = `items[${index}].id`;
  throw new GatewayError('invalid_request', `'${param}' is the id of another item of this conversation.`, { param });
}
