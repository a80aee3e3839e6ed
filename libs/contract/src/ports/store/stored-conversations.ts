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

/** Whose conversation. Another owner's is one that does not exist. */
export interface ConversationRef {
  readonly id: string;
  readonly owner: string;
  /** A run of this conversation that has ended. Calls for items first add what that run adds, unless it is there. */
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
  /** Id of the item after which the page begins. */
  readonly after?: string;
}

export interface StoredItemPage {
  readonly items: readonly JsonObject[];
  readonly hasMore: boolean;
}

/**
 * Conversations in the store. `undefined` and `false`: there is no such conversation or item of this owner. Every
 * method rejects with GatewayError `unavailable` when the store cannot be asked, `array_above_max_length` when a
 * conversation is full, `invalid_cursor` for an item that is not there, `invalid_request` for an id that is another
 * item's.
 */
export interface StoredConversations {
  /**
   * Makes the conversation unless it is there; either way gives it as it is now, undefined when it is another
   * owner's.
   */
  ensure(ref: ConversationRef, made: NewConversation): Promise<StoredConversation | undefined>;
  get(ref: ConversationRef): Promise<StoredConversation | undefined>;
  update(ref: ConversationRef, metadata: JsonObject): Promise<StoredConversation | undefined>;
  delete(ref: ConversationRef): Promise<boolean>;
  /** Adds items, each with its `id`, at the end; an item that is there already keeps its place. */
  add(ref: ConversationRef, items: readonly JsonObject[]): Promise<boolean>;
  list(ref: ConversationRef, query: ItemPageQuery): Promise<StoredItemPage | undefined>;
  /** Every item, oldest first: what a response in this conversation is told. */
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
