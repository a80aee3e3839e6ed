import { type JsonObject, type JsonValue } from '#libs/contract';
import { isItemType, itemIdOf, type ItemType } from '../ids.js';

/**
 * The input of a run as GET /v1/responses/{id}/input_items lists it, oldest first: `type` and `id` everywhere, the
 * contents of messages as parts, `status` where an item has one. An item keeps the id that it was sent with.
 */
export function inputItemsOf(input: readonly JsonObject[], runId: string): JsonObject[] {
  return input.map((item, index) => listed(item, runId, index));
}

/** Items without a status. Those of unknown types are returned unchanged. */
const WITHOUT_STATUS: ReadonlySet<ItemType> = new Set<ItemType>([
  'item_reference',
  'compaction',
  'additional_tools',
  'configuration_update',
  'compaction_trigger',
]);

function listed(item: JsonObject, runId: string, index: number): JsonObject {
  const type = typeof item['type'] === 'string' ? item['type'] : 'message';
  const kind = isItemType(type) ? type : 'other';
  const id = typeof item['id'] === 'string' && item['id'] !== '' ? item['id'] : itemIdOf(kind, runId, 'i', index);
  const named = { ...item, id, type };
  if (kind === 'other' || WITHOUT_STATUS.has(kind)) return named;
  const told = { ...named, status: item['status'] ?? 'completed' };
  return type === 'message' ? { ...told, content: parts(item) } : told;
}

function parts({ role, content }: JsonObject): readonly JsonValue[] {
  const texts = role === 'assistant' ? outputText : inputText;
  if (!Array.isArray(content)) return [texts(String(content ?? ''))];
  return content.map((part: JsonValue) => (typeof part === 'string' ? texts(part) : part));
}

const inputText = (text: string): JsonObject => ({ type: 'input_text', text });
const outputText = (text: string): JsonObject => ({ type: 'output_text', text, annotations: [] });
