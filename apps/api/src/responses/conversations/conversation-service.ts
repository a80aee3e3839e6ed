import {
  GatewayError,
  isJsonObject,
  type JsonObject,
  type ConversationRef,
  type StoredConversations,
  type ItemPageQuery,
  type StoredConversation,
  type StoredItemPage,
} from '#libs/contract';
import { checkItemIds, inputItemsOf, itemsToMessages, readMetadata } from '#libs/protocols';
import { deletedUnderKey, idFromSeed, type Making } from '../../runs/admitting/create-once.js';
import { itemList } from '../item-page.js';
import type { CreateConversationDto, UpdateConversationDto } from './conversation.dto.js';
import { assertItemIds, conversationNotFound, type ConversationDesk } from './conversation-desk.js';

/**
 * The /v1/conversations resource. All throw GatewayError `conversation_not_found`, and `unavailable` without the store.
 */
export class ConversationService {
  constructor(
    private readonly conversations: StoredConversations,
    private readonly desk: ConversationDesk,
  ) {}

  /**
   * Creating it again with the same seed changes nothing. Throws `conversation_not_found` when it was made and deleted.
   */
  async create(owner: string, asked: CreateConversationDto, { seed, wasMade }: Making): Promise<JsonObject> {
    const ref = { id: idFromSeed('conv', seed), owner };
    if (wasMade) {
      const before = await this.conversations.get(ref);
      if (!before) throw deletedUnderKey('conversation_not_found');
      return told(before);
    }
    const made = {
      metadata: readMetadata(asked.metadata ?? {}, 'metadata'),
      createdAt: Date.now(),
      items: itemsIn(asked.items ?? [], seed),
    };
    return told(await this.conversations.ensure(ref, made));
  }

  async get(ref: ConversationRef): Promise<JsonObject> {
    return told(await this.conversations.get(ref));
  }

  async update(ref: ConversationRef, { metadata }: UpdateConversationDto): Promise<JsonObject> {
    if (metadata === undefined) {
      throw new GatewayError('missing_required_parameter', "'metadata' is required.", { param: 'metadata' });
    }
    return told(await this.conversations.update(ref, readMetadata(metadata ?? {}, 'metadata')));
  }

  /**
   * Deletes a conversation; its responses stay. The turn is forgotten first: a conversation created again under the
   * same name has the same id, and must not inherit the old last run. If the store fails then, that run is still added
   * when it is stored.
   */
  async delete(ref: ConversationRef): Promise<JsonObject> {
    // A request must not take the turn of another key's conversation.
    if (!(await this.conversations.get(ref))) throw conversationNotFound('id');
    await this.desk.forget(ref.id);
    if (!(await this.conversations.delete(ref))) throw conversationNotFound('id');
    return { id: ref.id, object: 'conversation.deleted', deleted: true };
  }

  /** Existing items are not added again. Throws `item_not_found` when they were added and one was deleted since. */
  async addItems(ref: ConversationRef, asked: readonly unknown[], { seed, wasMade }: Making): Promise<JsonObject> {
    const items = itemsIn(asked, seed);
    if (wasMade) await this.assertAllThere(ref, items);
    else if (!(await this.conversations.add(await this.desk.settled(ref), items))) throw conversationNotFound('id');
    return itemList({ items, hasMore: false });
  }

  private async assertAllThere(ref: ConversationRef, items: readonly JsonObject[]): Promise<void> {
    const settled = await this.desk.settled(ref);
    if (!(await this.conversations.get(ref))) throw deletedUnderKey('conversation_not_found');
    // One request adds few items.
    const found = await Promise.all(items.map(({ id }) => this.conversations.item(settled, String(id))));
    if (found.includes(undefined)) throw deletedUnderKey('item_not_found');
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

/** Items with ids, checked like the items of a response. Throws GatewayError that names the place. */
function itemsIn(value: readonly unknown[], seed: string): readonly JsonObject[] {
  const param = 'items';
  const strange = value.findIndex((item) => !isJsonObject(item));
  if (strange >= 0) throw new GatewayError('invalid_request', `'items[${strange}]' must be an object.`, { param });
  checkItemIds(value as readonly JsonObject[], param);
  assertItemIds(value as readonly JsonObject[], param);
  itemsToMessages(value as readonly JsonObject[]);
  return inputItemsOf(value as readonly JsonObject[], seed);
}

const itemNotFound = (): GatewayError =>
  new GatewayError('item_not_found', 'There is no such item in this conversation.', { param: 'item_id' });
