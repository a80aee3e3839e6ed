import { GatewayError, type JsonObject, type ItemPageQuery, type StoredItemPage } from '#libs/contract';

/** One page of items that are all in memory, oldest first. Throws GatewayError `invalid_cursor`. */
export function pageOf(items: readonly JsonObject[], { order, limit, after }: ItemPageQuery): StoredItemPage {
  const ordered = order === 'asc' ? items : items.toReversed();
  const start = after === undefined ? 0 : ordered.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0) {
    throw new GatewayError('invalid_cursor', 'There is no item with the id that after names.', { param: 'after' });
  }
  return { items: ordered.slice(start, start + limit), hasMore: ordered.length > start + limit };
}

/** A page in the form of the published lists. */
export function itemList({ items, hasMore }: StoredItemPage): JsonObject {
  const idOf = (item: JsonObject | undefined): string | null => (typeof item?.['id'] === 'string' ? item['id'] : null);
  return { object: 'list', data: items, first_id: idOf(items[0]), last_id: idOf(items.at(-1)), has_more: hasMore };
}
