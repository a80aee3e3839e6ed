import type { JsonObject, RunDraft } from '#libs/contract';
import { refuse } from '../../request-place.js';
import { decodeItems } from './items-to-messages.js';

/** The ids that `item_reference` items of the draft name. Empty for nearly every request. */
export function referencesOf(draft: RunDraft): readonly string[] {
  return (draft.input ?? []).filter(isReference).map((item) => String(item['id']));
}

/**
 * The draft with the referenced items in place of its references. `items` are the ones that were found, by id. Throws
 * GatewayError `not_found` that names a reference without an item.
 */
export function resolveReferences(draft: RunDraft, items: ReadonlyMap<string, JsonObject>): RunDraft {
  const input = (draft.input ?? []).map((item, i) => {
    if (!isReference(item)) return item;
    const found = items.get(String(item['id']));
    if (found) return found;
    throw refuse(`input[${i}].id`, 'is the id of no item that is stored here.', 'not_found');
  });
  const { messages } = decodeItems(input, { path: 'input', textCharsMax: Number.POSITIVE_INFINITY });
  return { ...draft, input, messages };
}

function isReference({ type, role, id }: JsonObject): boolean {
  return type === 'item_reference' || (type === undefined && role === undefined && typeof id === 'string');
}
