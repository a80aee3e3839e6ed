import type {
  ConversationRef,
  StoredConversations,
  JsonObject,
  NewConversation,
  RunJournal,
  StoredConversation,
} from '#libs/contract';
import type { Logger } from '#libs/platform';
import {
  allItems,
  appendItems,
  deleteConversation,
  deleteItem,
  ensureConversation,
  getConversation,
  getItem,
  hasTurn,
  listItems,
  updateConversation,
  type ConversationItem,
  type SqlDatabase,
} from '#libs/store';
import { appendTurn } from './append-turn.js';
import { readLoggedRun } from './read-logged-run.js';

export interface ConversationPorts {
  readonly db: SqlDatabase;
  readonly log: RunJournal;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Conversations in the database. Items of a run that has ended but is not stored yet are read from its log. */
export function sqlStoredConversations(ports: ConversationPorts): StoredConversations {
  const { db, now } = ports;
  const settled =
    <A extends unknown[], T>(call: (ref: ConversationRef, ...args: A) => Promise<T>) =>
    async (ref: ConversationRef, ...args: A): Promise<T> => {
      if (ref.settle !== undefined) await settle(ports, ref, ref.settle);
      return call(ref, ...args);
    };
  return {
    ensure: (ref, made) => ensure(ports, ref, made),
    get: (ref) => getConversation(db, ref),
    update: (ref, metadata) => updateConversation(db, ref, { metadata, at: now() }),
    delete: (ref) => deleteConversation(db, ref),
    add: settled((ref, items) => appendItems(db, ref, { items: items.map(withItsId), at: now() })),
    list: settled((ref, query) => listItems(db, ref, query)),
    all: settled((ref) => allItems(db, ref)),
    item: settled((ref, itemId) => getItem(db, ref, itemId)),
    deleteItem: settled((ref, itemId) => deleteItem(db, ref, itemId)),
  };
}

/** Adds items only to a new conversation. An existing one keeps its own. */
async function ensure(
  { db, logger }: ConversationPorts,
  { id, owner }: ConversationRef,
  { metadata, createdAt, items }: NewConversation,
): Promise<StoredConversation | undefined> {
  const conversation = { id, owner, metadata, createdAt };
  await ensureConversation(db, conversation);
  if (items.length > 0) await appendItems(db, conversation, { items: items.map(withItsId), at: createdAt });
  const made = await getConversation(db, conversation);
  // The first run that ends in a conversation needs this library while a client waits. Loading it now delays nobody.
  setImmediate(() => {
    import('#libs/protocols').catch((cause: unknown) => logger.error({ err: cause }, 'protocols cannot be loaded'));
  });
  return made;
}

/** Adds the items of an ended run to its conversation, unless they are there: the run's row may not be written yet. */
async function settle(ports: ConversationPorts, { id }: ConversationRef, runId: string): Promise<void> {
  if (await hasTurn(ports.db, id, runId)) return;
  const run = await readLoggedRun(ports, runId);
  if (run) await appendTurn(ports, run);
}

const withItsId = (item: JsonObject): ConversationItem => ({ id: String(item['id']), item });
