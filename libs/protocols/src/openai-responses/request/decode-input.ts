import type { JsonObject, Message } from '#libs/contract';
import { fieldOf, placeOf, refuse } from '../../request-place.js';
import { decodeItems, itemTypeOf, type DecodedItems } from '../items/items-to-messages.js';
import type { ResponsesRequestDto } from './responses-request.dto.js';
import { noCallOf, strayResults } from '../items/stray-results.js';

export interface DecodedInput extends DecodedItems {
  /** The items unchanged, with bare texts as messages. */
  readonly items: readonly JsonObject[];
}

interface InputPlace {
  readonly textCharsMax: number;
  /** A stored conversation comes before the input, and may contain calls that are answered here. */
  readonly hasParent: boolean;
  /** The model is not asked: the request only adds something to the conversation. */
  readonly isSilent: boolean;
}

/**
 * `conversation_history` and `input`. There must be something to answer: a message with content, a result, or a stored
 * conversation. Instructions alone are enough, as in the published API, because titles and templates are made that way.
 */
export function decodeInput(
  { input = [], conversation_history: history = [] }: Pick<ResponsesRequestDto, 'input' | 'conversation_history'>,
  { textCharsMax, hasParent, isSilent }: InputPlace,
): DecodedInput {
  history.forEach((entry, i) => checkEntry(entry, `conversation_history[${i}]`));
  const before = decodeItems(history, { path: 'conversation_history', textCharsMax });
  const list = typeof input === 'string' ? [input] : input;
  const now = decodeItems(list, { path: 'input', textCharsMax });
  const isVisible = now.messages.some(isAnswerable) || now.instructions !== undefined || list.some(isReference);
  if (!isVisible && !isSilent && !(hasParent && now.messages.length === 0)) {
    throw refuse('input', 'must have a message with content.');
  }
  const messages = [...before.messages, ...now.messages];
  const items = [...history, ...list].map(itemOf);
  checkItemIds(items.slice(history.length), 'input');
  const [stray] = hasParent || list.some(isReference) ? [] : strayResults(messages);
  if (stray !== undefined) throw noCallOf(stray);
  const instructions = [before.instructions, now.instructions].filter((text) => text !== undefined).join('\n');
  return { ...(instructions !== '' && { instructions }), messages, items, leftOut: now.leftOut };
}

/** Entries of a history are messages; other items of an input are not allowed there. */
function checkEntry(entry: unknown, path: string): void {
  const place = placeOf(entry, path);
  if (itemTypeOf(place) !== 'message') throw refuse(path, 'must be a message.');
}

function isAnswerable(message: Message): boolean {
  if (message.role === 'system') return /\S/.test(message.content);
  if (message.role !== 'user') return message.role === 'tool';
  if (typeof message.content === 'string') return /\S/.test(message.content);
  return message.content.some((part) => part.type !== 'text' || /\S/.test(part.text));
}

function isReference(item: unknown): boolean {
  return typeof item === 'object' && itemTypeOf(placeOf(item, 'input')) === 'item_reference';
}

function itemOf(item: unknown): JsonObject {
  if (typeof item !== 'string') return item as JsonObject;
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text: item }] };
}

/** A list with the same id twice could not be paged. Throws GatewayError that names the place: `input[3].id`. */
export function checkItemIds(items: readonly JsonObject[], list: string): void {
  const seen = new Set<unknown>();
  items.forEach((object, i) => {
    const id = fieldOf({ object, path: '' }, 'id');
    if (id === undefined) return;
    const path = `${list}[${i}].id`;
    if (typeof id !== 'string' || id === '') throw refuse(path, 'must be a string that is not empty.');
    if (seen.has(id)) throw refuse(path, 'is the id of an earlier item.');
    seen.add(id);
  });
}
