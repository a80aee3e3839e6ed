import { GatewayError, type JsonObject } from '#libs/contract';
import type { ItemPageQuery, StoredItemPage } from '#libs/store-client';

const PAGE_ITEMS = 20;
const PAGE_ITEMS_MAX = 100;

/**
 * Reads `?order=&limit=&after=` of a list of items: desc, 20 (1 to 100). Throws GatewayError that names the parameter.
 */
export function parseItemQuery(query: Readonly<Record<string, unknown>>): ItemPageQuery {
  const { order = 'desc', limit = String(PAGE_ITEMS), after } = query;
  if (order !== 'asc' && order !== 'desc') throw invalid('order', 'must be asc or desc.');
  const items = typeof limit === 'string' && /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
  if (items < 1 || items > PAGE_ITEMS_MAX) throw invalid('limit', `must be a number from 1 to ${PAGE_ITEMS_MAX}.`);
  if (after !== undefined && typeof after !== 'string') throw invalid('after', 'is given once.');
  return { order, limit: items, ...(after !== undefined && { after }) };
}

/** One page of items that are all at hand, oldest first. Throws GatewayError `invalid_cursor`. */
export function pageOf(items: readonly JsonObject[], { order, limit, after }: ItemPageQuery): StoredItemPage {
  const ordered = order === 'asc' ? items : items.toReversed();
  const start = after === undefined ? 0 : ordered.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0) {
    throw new GatewayError('invalid_cursor', 'There is no item with the id that after names.', { param: 'after' });
  }
  return { items: ordered.slice(start, start + limit), hasMore: ordered.length > start + limit };
}

/** A page as the published lists have it. */
export function itemList({ items, hasMore }: StoredItemPage): JsonObject {
  const idOf = (item: JsonObject | undefined): string | null => (typeof item?.['id'] === 'string' ? item['id'] : null);
  return { object: 'list', data: items, first_id: idOf(items[0]), last_id: idOf(items.at(-1)), has_more: hasMore };
}

const invalid = (param: string, why: string): GatewayError =>
  new GatewayError('invalid_request', `'${param}' ${why}`, { param });
