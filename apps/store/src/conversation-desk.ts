import type { JsonObject, RunJournal } from '#libs/contract';
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
  type Conversation,
  type ConversationItem,
  type ConversationKey,
  type ItemPage,
  type ItemQuery,
  type SqlDatabase,
} from '#libs/store';
import { appendTurn } from './append-turn.js';
import { readLoggedRun } from './read-logged-run.js';

export interface ConversationPorts {
  readonly db: SqlDatabase;
  readonly log: RunJournal;
  readonly logger: Logger;
}

/** What the internal routes do with conversations. `undefined` and `false`: there is no such thing of this owner. */
export class ConversationDesk {
  constructor(private readonly ports: ConversationPorts) {}

  /** Makes it unless it is there; items are only added to a new one's end. @returns it as it is now. */
  async ensure(conversation: Conversation, items: readonly ConversationItem[]): Promise<Conversation | undefined> {
    const { db, logger } = this.ports;
    await ensureConversation(db, conversation);
    if (items.length > 0) await appendItems(db, conversation, { items, at: conversation.createdAt });
    const made = await getConversation(db, conversation);
    // The first run that ends in a conversation needs it, and somebody will be waiting for that; nobody for it to be
    // loaded now.
    setImmediate(() => {
      import('#libs/protocols').catch((cause: unknown) => logger.error({ err: cause }, 'protocols cannot be loaded'));
    });
    return made;
  }

  get(key: ConversationKey): Promise<Conversation | undefined> {
    return getConversation(this.ports.db, key);
  }

  update(key: ConversationKey, metadata: JsonObject): Promise<Conversation | undefined> {
    return updateConversation(this.ports.db, key, { metadata, at: Date.now() });
  }

  delete(key: ConversationKey): Promise<boolean> {
    return deleteConversation(this.ports.db, key);
  }

  /** Adds what this ended run owes to its conversation, if that has not been done: its row may not be written yet. */
  async settle({ id }: ConversationKey, runId: string): Promise<void> {
    if (await hasTurn(this.ports.db, id, runId)) return;
    const run = await readLoggedRun(this.ports, runId);
    if (run) await appendTurn(this.ports, run);
  }

  add(key: ConversationKey, items: readonly ConversationItem[]): Promise<boolean> {
    return appendItems(this.ports.db, key, { items, at: Date.now() });
  }

  list(key: ConversationKey, query: ItemQuery): Promise<ItemPage | undefined> {
    return listItems(this.ports.db, key, query);
  }

  all(key: ConversationKey): Promise<readonly JsonObject[] | undefined> {
    return allItems(this.ports.db, key);
  }

  item(key: ConversationKey, itemId: string): Promise<JsonObject | undefined> {
    return getItem(this.ports.db, key, itemId);
  }

  deleteItem(key: ConversationKey, itemId: string): Promise<boolean> {
    return deleteItem(this.ports.db, key, itemId);
  }
}
