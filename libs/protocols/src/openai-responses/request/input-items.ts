import { type JsonObject, type JsonValue } from '#libs/contract';
import { isItemType, itemIdOf } from '../ids.js';

/**
 * The input of a run as GET /v1/responses/{id}/input_items lists it, oldest first: `type` and `id` everywhere, the
 * contents of messages as parts, `status` where an item has one. An item keeps the id that it was sent with.
 */
export function inputItemsOf(input: readonly JsonObject[], runId: string): JsonObject[] {
  return input.map((item, index) => listed(item, runId, index));
}

function listed(item: JsonObject, runId: string, index: number): JsonObject {
  const type = typeof item['type'] === 'string' && isItemType(item['type']) ? item['type'] : 'message';
  const id = typeof item['id'] === 'string' && item['id'] !== '' ? item['id'] : itemIdOf(type, runId, 'i', index);
  const named = { ...item, id, type };
  if (type === 'item_reference' || type === 'compaction') return named;
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
