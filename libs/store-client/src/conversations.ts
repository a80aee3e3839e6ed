import { GatewayError, isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';
import { storeRequests, type StoreAddress, type StoreRequest } from './store-request.js';

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
  /** A run of this conversation that has ended: what it adds is added first, if that is yet to be done. */
  readonly settle?: string;
}

export interface ItemPageQuery {
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** Id of an item. */
  readonly after?: string;
}

export interface StoredItemPage {
  readonly items: readonly JsonObject[];
  readonly hasMore: boolean;
}

/**
 * Conversations in the store. `undefined` and `false`: there is no such conversation or item of this owner. All reject
 * with GatewayError `unavailable` when the store cannot be asked, and as the store refuses: `array_above_max_length`
 * when a conversation is full, `invalid_cursor` for an item that is not there, `invalid_request` for an id that is
 * another item's.
 */
export interface ConversationsClient {
  /** Makes it unless it is there; either way gives it as it is now, undefined when it is somebody else's. */
  ensure(
    ref: ConversationRef,
    made: { readonly metadata: JsonObject; readonly createdAt: number; readonly items: readonly JsonObject[] },
  ): Promise<StoredConversation | undefined>;
  get(ref: ConversationRef): Promise<StoredConversation | undefined>;
  update(ref: ConversationRef, metadata: JsonObject): Promise<StoredConversation | undefined>;
  delete(ref: ConversationRef): Promise<boolean>;
  /** Adds items, each with its `id`, at the end; one that is there already keeps its place. */
  add(ref: ConversationRef, items: readonly JsonObject[]): Promise<boolean>;
  list(ref: ConversationRef, query: ItemPageQuery): Promise<StoredItemPage | undefined>;
  /** Every item, oldest first. */
  all(ref: ConversationRef): Promise<readonly JsonObject[] | undefined>;
  item(ref: ConversationRef, itemId: string): Promise<JsonObject | undefined>;
  deleteItem(ref: ConversationRef, itemId: string): Promise<boolean>;
}

export function conversationsClient(address: StoreAddress): ConversationsClient {
  const request = storeRequests(address);
  const ask = async (
    ref: ConversationRef,
    method: StoreRequest['method'],
    { path = '', query = {}, body }: { path?: string; query?: Record<string, string>; body?: JsonObject } = {},
  ): Promise<JsonValue | undefined> => {
    const { id, owner, settle } = ref;
    const params = new URLSearchParams({ owner, ...(settle !== undefined && { settle }), ...query });
    const full = `/internal/conversations/${encodeURIComponent(id)}${path}?${params.toString()}`;
    return request({ method, path: full, ...(body && { body }) });
  };
  const itemPath = (itemId: string): string => `/items/${encodeURIComponent(itemId)}`;
  return {
    ensure: async (ref, { metadata, createdAt, items }) =>
      conversationIn(await ask(ref, 'PUT', { body: { metadata, createdAt, items } })),
    get: async (ref) => conversationIn(await ask(ref, 'GET')),
    update: async (ref, metadata) => conversationIn(await ask(ref, 'PATCH', { body: { metadata } })),
    delete: async (ref) => (await ask(ref, 'DELETE')) !== undefined,
    add: async (ref, items) => (await ask(ref, 'POST', { path: '/items', body: { items } })) !== undefined,
    async list(ref, { order, limit, after }) {
      const query = { order, limit: String(limit), ...(after !== undefined && { after }) };
      const page = await ask(ref, 'GET', { path: '/items', query });
      if (page === undefined) return undefined;
      if (!isJsonObject(page)) throw unreadable();
      return { items: itemsIn(page['items']), hasMore: page['hasMore'] === true };
    },
    async all(ref) {
      const items = await ask(ref, 'GET', { path: '/context' });
      return items === undefined ? undefined : itemsIn(items);
    },
    async item(ref, itemId) {
      const item = await ask(ref, 'GET', { path: itemPath(itemId) });
      return item === undefined ? undefined : objectIn(item);
    },
    deleteItem: async (ref, itemId) => (await ask(ref, 'DELETE', { path: itemPath(itemId) })) !== undefined,
  };
}

function conversationIn(value: JsonValue | undefined): StoredConversation | undefined {
  if (value === undefined) return undefined;
  const { id, metadata, createdAt } = objectIn(value);
  if (typeof id !== 'string' || typeof createdAt !== 'number') throw unreadable();
  return { id, metadata: objectIn(metadata ?? null), createdAt };
}

function itemsIn(value: JsonValue | undefined): readonly JsonObject[] {
  if (!Array.isArray(value)) throw unreadable();
  return value.map(objectIn);
}

function objectIn(value: JsonValue): JsonObject {
  if (!isJsonObject(value)) throw unreadable();
  return value;
}

const unreadable = (): GatewayError =>
  new GatewayError('unavailable', 'The store gave an answer that cannot be read.', { retryAfterSeconds: 2 });
