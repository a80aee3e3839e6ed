import type { JsonObject } from '#libs/contract';
import type { SqlQueries } from '../ports.js';
import { storable } from '../storable.js';

/** A conversation without its items. Times are milliseconds since the epoch. */
export interface Conversation {
  readonly id: string;
  readonly owner: string;
  readonly metadata: JsonObject;
  readonly createdAt: number;
}

/** A conversation and its owner. Every statement checks both, so another owner's conversation is never found. */
export interface ConversationKey {
  readonly id: string;
  readonly owner: string;
}

/** An item and the id under which it is found; `item.id` is the same. */
export interface ConversationItem {
  readonly id: string;
  readonly item: JsonObject;
  /** Another id, for when another item has `id`. Absent: the item is refused then. */
  readonly spareId?: string;
}

interface ConversationRow {
  readonly id: string;
  readonly owner: string;
  readonly metadata: string;
  readonly created_at: string | number;
}

const COLUMNS = 'id, owner, metadata, created_at';

/** Creates the conversation unless one with this id exists, which then stays unchanged. */
export async function ensureConversation(db: SqlQueries, conversation: Conversation): Promise<void> {
  const { id, owner, metadata, createdAt } = conversation;
  await db.query(
    `insert into conversations (id, owner, metadata, created_at, used_at) values ($1, $2, $3, $4::bigint, $4::bigint)
     on conflict (id) do nothing`,
    [storable(id), storable(owner), JSON.stringify(metadata), createdAt],
  );
}

export async function getConversation(db: SqlQueries, key: ConversationKey): Promise<Conversation | undefined> {
  const [row] = await db.query<ConversationRow>(
    `select ${COLUMNS} from conversations where id = $1 and owner = $2`,
    valuesOf(key),
  );
  return row && toConversation(row);
}

/** Replaces the metadata. undefined when there is no such conversation. */
export async function updateConversation(
  db: SqlQueries,
  key: ConversationKey,
  change: { readonly metadata: JsonObject; readonly at: number },
): Promise<Conversation | undefined> {
  const [row] = await db.query<ConversationRow>(
    `update conversations set metadata = $3, used_at = greatest(used_at, $4::bigint)
     where id = $1 and owner = $2 returning ${COLUMNS}`,
    [...valuesOf(key), JSON.stringify(change.metadata), change.at],
  );
  return row && toConversation(row);
}

/** Deletes the conversation and its items; its runs stay. @returns false when there was none. */
export async function deleteConversation(db: SqlQueries, key: ConversationKey): Promise<boolean> {
  const rows = await db.query('delete from conversations where id = $1 and owner = $2 returning id', valuesOf(key));
  return rows.length > 0;
}

/**
 * Retention: deletes at most `limit` conversations to which nothing was added since `ms`.
 * @returns how many; fewer than `limit` means that none is left.
 */
export async function deleteConversationsUnusedSince(db: SqlQueries, ms: number, limit: number): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `with gone as (
      delete from conversations where id in (
        select id from conversations where used_at < $1::bigint order by used_at limit $2::int
      ) returning 1
    )
    select count(*)::int as count from gone`,
    [ms, limit],
  );
  return row?.count ?? 0;
}

export const valuesOf = ({ id, owner }: ConversationKey): readonly [string, string] => [storable(id), storable(owner)];

/** Drivers return a bigint as text or as a number. */
function toConversation({ id, owner, metadata, created_at }: ConversationRow): Conversation {
  return { id, owner, metadata: JSON.parse(metadata) as JsonObject, createdAt: Number(created_at) };
}
