import { GatewayError, isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';
import { checkItemIds, inputItemsOf, itemsToMessages, readMetadata } from '#libs/protocols';
import type {
  ConversationRef,
  ConversationsClient,
  ItemPageQuery,
  StoredConversation,
  StoredItemPage,
} from '#libs/store-client';
import { idFromSeed } from '../../runs/admitting/create-once.js';
import { itemList } from '../item-page.js';
import { assertItemIds, conversationNotFound, type ConversationDesk } from './conversation-desk.js';

/** As published: so many items at a time. */
const ITEMS_AT_A_TIME_MAX = 20;

/**
 * The /v1/conversations resource. All throw GatewayError `conversation_not_found`, and `unavailable` without the store.
 */
export class ConversationService {
  constructor(
    private readonly conversations: ConversationsClient,
    private readonly desk: ConversationDesk,
  ) {}

  /** @param seed of the ids, see CreateOnce: made again with the same one, it stays as it is. */
  async create(owner: string, body: unknown, seed: string): Promise<JsonObject> {
    const { metadata, items } = objectIn(body ?? {});
    const made = {
      metadata: metadataIn(metadata ?? {}),
      createdAt: Date.now(),
      items: itemsIn(items ?? [], seed),
    };
    return told(await this.conversations.ensure({ id: idFromSeed('conv', seed), owner }, made));
  }

  async get(ref: ConversationRef): Promise<JsonObject> {
    return told(await this.conversations.get(ref));
  }

  async update(ref: ConversationRef, body: unknown): Promise<JsonObject> {
    const { metadata } = objectIn(body);
    if (metadata === undefined) {
      throw new GatewayError('missing_required_parameter', "'metadata' is required.", { param: 'metadata' });
    }
    return told(await this.conversations.update(ref, metadataIn(metadata ?? {})));
  }

  /**
   * Its responses stay. The turn is forgotten first: a name means the same id again, and nobody shall find the last run
   * of the deleted conversation there. If the store fails then, that run is still added when it is stored.
   */
  async delete(ref: ConversationRef): Promise<JsonObject> {
    // Nobody takes the turn from another key's conversation.
    if (!(await this.conversations.get(ref))) throw conversationNotFound('id');
    await this.desk.forget(ref.id);
    if (!(await this.conversations.delete(ref))) throw conversationNotFound('id');
    return { id: ref.id, object: 'conversation.deleted', deleted: true };
  }

  /** @param seed of the ids, see CreateOnce: items that are there already are not added again. */
  async addItems(ref: ConversationRef, body: unknown, seed: string): Promise<JsonObject> {
    const items = itemsIn(objectIn(body)['items'], seed);
    if (!(await this.conversations.add(await this.desk.settled(ref), items))) throw conversationNotFound('id');
    return itemList({ items, hasMore: false });
  }

  async listItems(ref: ConversationRef, query: ItemPageQuery): Promise<StoredItemPage> {
    const page = await this.conversations.list(await this.desk.settled(ref), query);
    if (!page) throw conversationNotFound('id');
    return page;
  }

  async item(ref: ConversationRef, itemId: string): Promise<JsonObject> {
    const item = await this.conversations.item(await this.desk.settled(ref), itemId);
    if (!item) throw itemNotFound();
    return item;
  }

  async deleteItem(ref: ConversationRef, itemId: string): Promise<JsonObject> {
    if (!(await this.conversations.deleteItem(await this.desk.settled(ref), itemId))) throw itemNotFound();
    return this.get(ref);
  }
}

function told(conversation: StoredConversation | undefined): JsonObject {
  if (!conversation) throw conversationNotFound('id');
  const { id, metadata, createdAt } = conversation;
  return { id, object: 'conversation', created_at: Math.floor(createdAt / 1_000), metadata };
}

function objectIn(body: unknown): JsonObject {
  if (isJsonObject(body)) return body;
  throw new GatewayError('invalid_request', 'The body must be a JSON object.');
}

function metadataIn(value: JsonValue): JsonObject {
  if (isJsonObject(value)) return readMetadata(value, 'metadata');
  throw new GatewayError('invalid_request', "'metadata' must be an object.", { param: 'metadata' });
}

/** Items with ids, judged as those of a response are. Throws GatewayError that names the place. */
function itemsIn(value: JsonValue | undefined, seed: string): readonly JsonObject[] {
  const param = 'items';
  if (!Array.isArray(value)) throw new GatewayError('invalid_request', "'items' must be an array.", { param });
  if (value.length > ITEMS_AT_A_TIME_MAX) {
    const problem = `'items' must have at most ${ITEMS_AT_A_TIME_MAX} elements.`;
    throw new GatewayError('array_above_max_length', problem, { param });
  }
  const strange = value.findIndex((item) => !isJsonObject(item));
  if (strange >= 0) throw new GatewayError('invalid_request', `'items[${strange}]' must be an object.`, { param });
  checkItemIds(value as readonly JsonObject[], param);
  assertItemIds(value as readonly JsonObject[], param);
  itemsToMessages(value as readonly JsonObject[]);
  return inputItemsOf(value as readonly JsonObject[], seed);
}

const itemNotFound = (): GatewayError =>
  new GatewayError('item_not_found', 'There is no such item in this conversation.', { param: 'item_id' });
