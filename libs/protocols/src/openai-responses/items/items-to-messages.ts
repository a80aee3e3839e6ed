import { isJsonObject, LIMITS, summaryText, type JsonObject, type Message, type ToolCall } from '#libs/contract';
import { packCustomInput } from '../../custom-tools.js';
import { decodeContent, userContent, type Content, type ContentPlace } from '../../decode-content.js';
import {
  fieldOf,
  listOf,
  missing,
  optionalText,
  placeOf,
  refuse,
  requiredText,
  type Place,
} from '../../request-place.js';
import { ConversationWriter } from '../../messages/conversation-writer.js';
import { decodeExtraContent } from '../../messages/decode-reasoning.js';
import { isInnerSummary, unpackSummary } from '../compaction.js';
import { unpackReasoning } from '../../sealed-reasoning.js';
import { COMPACTION, FUNCTION_CALL, REFERENCE } from './item-schema.js';
import { imageOfItem } from './image-item.js';
import { checkArgumentsSize, nameIn, resultOf } from './item-calls.js';
import { flatName } from '../flat-name.js';
import { isItemType, type ItemType } from '../ids.js';
import { SERVER_LABEL } from '../server-label.js';

/** The list's name in errors, and the bound for the text of one message in it. */
export interface ItemsPlace {
  readonly path: string;
  readonly textCharsMax: number;
}

export interface DecodedItems {
  /** The texts of the system and developer messages before all others, each once, joined by line breaks. */
  readonly instructions?: string;
  readonly messages: Message[];
  /** Types of items that the model cannot see, as the request named them. */
  readonly leftOut: readonly string[];
}

/**
 * Items of a request, a response or a conversation as messages. Reasoning belongs to the text or calls after it. Calls
 * that were cut off are left out with their results, and so is a text that was cut off and that another worker began
 * again. References must be resolved first, see `resolveReferences`.
 *
 * Throws GatewayError of status 400 that names the place: `input[3].call_id`.
 */
export function decodeItems(items: readonly unknown[], { path, textCharsMax }: ItemsPlace): DecodedItems {
  const reader = new ItemReader(textCharsMax);
  items.forEach((value, i) => {
    // Clients of the Hermes API server send bare strings between the items.
    if (typeof value === 'string') reader.take({ object: { role: 'user', content: value }, path: `${path}[${i}]` });
    else reader.take(placeOf(value, `${path}[${i}]`));
  });
  return reader.result();
}

/** The messages of items that are known to be valid, such as those of a stored response. */
export function itemsToMessages(items: readonly JsonObject[]): Message[] {
  return decodeItems(items, { path: 'items', textCharsMax: Number.POSITIVE_INFINITY }).messages;
}

/** The system and developer texts of items that are known to be valid: a later turn needs them again. */
export function systemTextOf(items: readonly JsonObject[]): string | undefined {
  return decodeItems(items, { path: 'items', textCharsMax: Number.POSITIVE_INFINITY }).instructions;
}

/**
 * The type of an item. A message needs none, and neither does a reference. `other`: a type that the gateway does not
 * understand. An item that another service put into a history is kept and never fails the request.
 */
export function itemTypeOf(place: Place): ItemType | 'other' {
  const type = optionalText(place, 'type') ?? (fieldOf(place, 'role') === undefined ? undefined : 'message');
  if (type === undefined && typeof fieldOf(place, 'id') === 'string') return 'item_reference';
  if (type === undefined) throw missing(`${place.path}.type`);
  return isItemType(type) ? type : 'other';
}

/** Types of items that only an assistant makes, besides its messages. */
const BY_ASSISTANT: ReadonlySet<string> = new Set([
  'reasoning',
  'function_call',
  'custom_tool_call',
  'mcp_call',
  'image_generation_call',
]);

class ItemReader {
  private readonly writer = new ConversationWriter();
  /** Clients that send the same text with every turn mean it once. */
  private readonly instructions = new Set<string>();
  private readonly cutCalls = new Set<string>();
  private readonly leftOut = new Set<string>();
  /** An assistant message that was broken off: it counts unless the assistant began again right after it. */
  private brokenOff: Place | undefined;

  constructor(private readonly textCharsMax: number) {}

  take(place: Place): void {
    const type = itemTypeOf(place);
    const isAssistant = type === 'message' && fieldOf(place, 'role') === 'assistant';
    this.settleBrokenOff(isAssistant || BY_ASSISTANT.has(type));
    if (isAssistant && optionalText(place, 'status') === 'incomplete') this.brokenOff = place;
    else this.read(type, place);
  }

  result(): DecodedItems {
    this.settleBrokenOff(false);
    const text = [...this.instructions].join('\n');
    const { messages } = this.writer;
    return { ...(text !== '' && { instructions: text }), messages, leftOut: [...this.leftOut] };
  }

  private settleBrokenOff(isAnew: boolean): void {
    const place = this.brokenOff;
    this.brokenOff = undefined;
    if (place && !isAnew) this.takeMessage(place);
  }

  private read(type: ItemType | 'other', place: Place): void {
    switch (type) {
      case 'message':
        return this.takeMessage(place);
      case 'function_call':
        return this.takeCall(place);
      case 'custom_tool_call':
        return this.takeCustomCall(place);
      case 'function_call_output':
      case 'custom_tool_call_output':
        return this.takeResult(place);
      case 'mcp_call':
        return this.takeRemoteCall(place);
      case 'reasoning':
        return this.takeReasoning(place);
      case 'item_reference':
        REFERENCE.read(place, 'id');
        return;
      case 'compaction':
        return this.takeCompaction(place);
      // These items are about the request, not the conversation: see `readDirectives`.
      case 'additional_tools':
      case 'configuration_update':
      case 'compaction_trigger':
        return;
      case 'image_generation_call':
        return this.takeImage(place);
      case 'other':
        this.leftOut.add(requiredText(place, 'type'));
    }
  }

  private takeMessage(place: Place): void {
    const role = requiredText(place, 'role');
    switch (role) {
      case 'system':
      case 'developer':
        return this.instruct(this.content(place, 'content', 'text'));
      case 'user': {
        this.writer.add({ role, content: userContent(this.content(place, 'content', 'text and images')) });
        return;
      }
      case 'assistant': {
        const { text, refusal } = this.content(place, 'content', 'text and refusals');
        this.writer.say(text);
        if (refusal !== undefined) this.writer.refuse(refusal);
        return;
      }
      default:
        throw refuse(`${place.path}.role`, 'must be one of user, assistant, system, developer.');
    }
  }

  /**
   * Only text before everything else is the system text. A later one keeps its position: moved to the front it would
   * mean something else, and no upstream would find the prompt in its cache.
   */
  private instruct({ text, cacheMark }: Content): void {
    if (text === '') return;
    if (this.writer.messages.length > 0) {
      this.writer.add({ role: 'system', content: text, ...(cacheMark && { cacheMark }) });
    } else this.instructions.add(text);
  }

  private takeCall(place: Place): void {
    const callId = FUNCTION_CALL.read(place, 'call_id');
    const name = FUNCTION_CALL.read(place, 'name');
    const args = FUNCTION_CALL.read(place, 'arguments');
    this.openCall(place, callId, { name: nameIn(place, name), arguments: args });
  }

  private takeCustomCall(place: Place): void {
    const callId = requiredText(place, 'call_id');
    const name = requiredText(place, 'name');
    const input = optionalText(place, 'input');
    if (input === undefined) throw missing(`${place.path}.input`);
    checkArgumentsSize(input, `${place.path}.input`);
    this.openCall(place, callId, { name: nameIn(place, name), arguments: packCustomInput(input) });
  }

  private openCall(place: Place, callId: string, call: Pick<ToolCall, 'name' | 'arguments'>): void {
    if (optionalText(place, 'status') === 'incomplete') {
      this.cutCalls.add(callId);
      return;
    }
    const extraContent = decodeExtraContent(place);
    this.writer.call({ callId, ...call, ...(extraContent && { extraContent }) });
  }

  /** A call that a server executed, with its result inside. Without a result it had no outcome. */
  private takeRemoteCall(place: Place): void {
    const callId = requiredText(place, 'id');
    const name = requiredText(place, 'name');
    const label = optionalText(place, 'server_label') ?? SERVER_LABEL;
    const args = optionalText(place, 'arguments') ?? '{}';
    checkArgumentsSize(args, `${place.path}.arguments`);
    const result = resultOf(place);
    if (result === undefined) return;
    const named = label === SERVER_LABEL ? name : flatName(label, name);
    this.writer.call({ callId, name: named.replaceAll(/[^\w-]/g, '_'), arguments: args });
    this.writer.answer({ role: 'tool', callId, ...result });
  }

  /** Reasoning that was cut off is useless to its upstream. Encrypted content that is not ours is ignored. */
  private takeReasoning(place: Place): void {
    const texts = ['content', 'summary'].map((key) => textOfList(place, key));
    const content = optionalText(place, 'encrypted_content') ?? '';
    if (content.length > ENCRYPTED_CHARS_MAX) {
      const problem = `must have at most ${ENCRYPTED_CHARS_MAX} characters.`;
      throw refuse(`${place.path}.encrypted_content`, problem, 'string_above_max_length');
    }
    if (optionalText(place, 'status') === 'incomplete') return;
    const text = texts.find((some) => some !== '') ?? '';
    const block = unpackReasoning(content) ?? { text };
    if (block.text !== '' || block.seal) this.writer.think(block);
  }

  private takeResult(place: Place): void {
    const callId = optionalText(place, 'call_id') ?? this.writer.openCall(this.namedCall(place));
    if (callId === undefined || callId === '') throw missing(`${place.path}.call_id`);
    const { text: output, parts, cacheMark } = this.content(place, 'output', 'text and images');
    const images = parts.filter((part) => part.type !== 'text');
    if (this.cutCalls.has(callId)) return;
    this.writer.answer({ role: 'tool', callId, output, ...(cacheMark && { cacheMark }) }, images);
  }

  private takeCompaction(place: Place): void {
    const content = COMPACTION.read(place, 'encrypted_content');
    const summary = unpackSummary(content);
    // Another service made it, and only that service can read it.
    if (summary === undefined) this.leftOut.add('compaction');
    else if (isInnerSummary(content)) this.writer.compact(summary);
    else this.writer.add({ role: 'user', content: summaryText(summary) });
  }

  private takeImage(place: Place): void {
    const url = imageOfItem(place);
    if (url === undefined) this.leftOut.add('image_generation_call');
    else this.writer.picture(url);
  }

  private content(place: Place, key: string, allows: ContentPlace['allows']): Content {
    const value = fieldOf(place, key);
    const path = `${place.path}.${key}`;
    if (value === undefined) throw missing(path);
    return decodeContent(value, { path, textCharsMax: this.textCharsMax, allows });
  }

  /** The name of the function that a result without a `call_id` answers (asynchronous tools: OpenAI API reference). */
  private namedCall(place: Place): string | undefined {
    const name = optionalText(place, 'name');
    return name === undefined ? undefined : nameIn(place, name);
  }
}

/** Text and state of one block, in base64url and with room for JSON's escapes. */
const ENCRYPTED_CHARS_MAX = 2 * (LIMITS.reasoningCharsMax + LIMITS.upstreamStateBytesMax);

/** The texts in a list of parts, joined. Throws GatewayError `string_above_max_length` for too long a text. */
function textOfList(place: Place, key: string): string {
  const value = fieldOf(place, key);
  const path = `${place.path}.${key}`;
  const parts = value === undefined ? [] : listOf(value, path, LIMITS.contentPartsMax);
  const text = parts
    .map((part) => (isJsonObject(part) && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('');
  if (text.length <= LIMITS.reasoningCharsMax) return text;
  throw refuse(path, `must have at most ${LIMITS.reasoningCharsMax} characters.`, 'string_above_max_length');
}
