import type { JsonObject } from '../../json.js';
import { LIMITS } from '../../limits.js';
import type { PortCalls } from './port-calls.js';
import { aFlag, anObject, aNumber, aText, aWhole, listOf, oneOf, optional } from './shape.js';

/** A conversation without its items. */
export interface StoredConversation {
  readonly id: string;
  readonly metadata: JsonObject;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A conversation and its owner. A conversation of another owner does not exist for the caller. */
export interface ConversationRef {
  readonly id: string;
  readonly owner: string;
  /**
   * A run of this conversation that has ended. Calls for items first add the items of that run, unless they are there.
   */
  readonly settle?: string;
}

export interface NewConversation {
  readonly metadata: JsonObject;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Each with its `id`. */
  readonly items: readonly JsonObject[];
}

export interface ItemPageQuery {
  readonly order: 'asc' | 'desc';
  /** 1 to LIMITS.conversationItemsMax. */
  readonly limit: number;
  /** Id of the item before the page. */
  readonly after?: string;
}

export interface StoredItemPage {
  readonly items: readonly JsonObject[];
  readonly hasMore: boolean;
}

/**
 * Conversations in the store. `undefined` and `false`: this owner has no such conversation or item. Every method
 * rejects with GatewayError `unavailable` when the store cannot be asked, `array_above_max_length` when a conversation
 * is full, `invalid_cursor` for an unknown item, and `invalid_request` for an id that another item has.
 */
export interface StoredConversations {
  /**
   * Creates the conversation unless it exists, and returns it as it is now. undefined when it belongs to another owner.
   */
  ensure(ref: ConversationRef, made: NewConversation): Promise<StoredConversation | undefined>;
  get(ref: ConversationRef): Promise<StoredConversation | undefined>;
  update(ref: ConversationRef, metadata: JsonObject): Promise<StoredConversation | undefined>;
  delete(ref: ConversationRef): Promise<boolean>;
  /** Adds items, each with its `id`, at the end. An item that already exists keeps its position. */
  add(ref: ConversationRef, items: readonly JsonObject[]): Promise<boolean>;
  list(ref: ConversationRef, query: ItemPageQuery): Promise<StoredItemPage | undefined>;
  /** All items, oldest first: the context of a response in this conversation. */
  all(ref: ConversationRef): Promise<readonly JsonObject[] | undefined>;
  item(ref: ConversationRef, itemId: string): Promise<JsonObject | undefined>;
  deleteItem(ref: ConversationRef, itemId: string): Promise<boolean>;
}

const aRef = anObject({ id: aText, owner: aText, settle: optional(aText) });
const aConversation = anObject({ id: aText, metadata: anObject(), createdAt: aNumber });
const someItems = listOf(anObject());
const newItems = listOf(anObject({ id: aText }));

export const STORED_CONVERSATIONS_CALLS: PortCalls<StoredConversations> = {
  ensure: {
    args: { ref: aRef, made: anObject({ metadata: anObject(), createdAt: aNumber, items: newItems }) },
    finds: aConversation,
  },
  get: { args: { ref: aRef }, finds: aConversation },
  update: { args: { ref: aRef, metadata: anObject() }, finds: aConversation },
  delete: { args: { ref: aRef }, gives: aFlag },
  add: { args: { ref: aRef, items: newItems }, gives: aFlag },
  list: {
    args: {
      ref: aRef,
      query: anObject({
        order: oneOf(['asc', 'desc']),
        limit: aWhole(1, LIMITS.conversationItemsMax),
        after: optional(aText),
      }),
    },
    finds: anObject({ items: someItems, hasMore: aFlag }),
  },
  all: { args: { ref: aRef }, finds: someItems },
  item: { args: { ref: aRef, itemId: aText }, finds: anObject() },
  deleteItem: { args: { ref: aRef, itemId: aText }, gives: aFlag },
};
