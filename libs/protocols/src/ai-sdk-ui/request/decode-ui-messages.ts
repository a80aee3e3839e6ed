import { isJsonObject, LIMITS, type JsonValue, type Message, type Reasoning, type ToolMessage } from '#libs/contract';
import { decodeContent, userContent } from '../../decode-content.js';
import { ConversationWriter } from '../../messages/conversation-writer.js';
import { decodeExtraContent, decodeReasoning } from '../../messages/decode-reasoning.js';
import { optionalText, refuse, requiredText, type Place } from '../../request-place.js';
import { ownMetadata } from '../answer/reasoning-state.js';
import { readUiMessage, toolNameOf, type UiMessagePlace } from './ui-message.js';

export interface DecodedUiMessages {
  /** The texts of the system messages that stand before all others. */
  readonly instructions?: string;
  readonly messages: readonly Message[];
  /** The last message is the assistant's, under this id: the answer goes on with it. */
  readonly continues?: string;
}

const DENIED = 'The user denied this call. It was not made.';

/**
 * The messages that `useChat` keeps, as a conversation; their number was checked with the DTO. Calls without a result
 * are left out, like parts that only a page can use. Throws GatewayError of status 400 that names the place.
 */
export function decodeUiMessages(list: readonly unknown[], textCharsMax: number): DecodedUiMessages {
  const writer = new ConversationWriter();
  const instructions: string[] = [];
  let last: UiMessagePlace | undefined;
  list.forEach((value, i) => {
    const message = readUiMessage(value, `messages[${i}]`);
    if (message.role === 'system') {
      const content = textOf(message, textCharsMax);
      if (writer.messages.length === 0) instructions.push(content);
      else if (content !== '') writer.add({ role: 'system', content });
    } else if (message.role === 'user') writer.add({ role: 'user', content: userParts(message, textCharsMax) });
    else new AnswerReader(writer, textCharsMax).read(message);
    last = message;
  });
  const text = instructions.filter((said) => said !== '').join('\n');
  if (!writer.messages.some(isSeen)) throw refuse('messages', 'must have a message with content.');
  return {
    ...(text !== '' && { instructions: text }),
    messages: writer.messages,
    ...(last?.role === 'assistant' && last.id !== undefined && { continues: last.id }),
  };
}

function isSeen(message: Message): boolean {
  if (message.role === 'tool') return true;
  if (message.role !== 'user') return false;
  if (typeof message.content === 'string') return /\S/.test(message.content);
  return message.content.some((part) => part.type !== 'text' || /\S/.test(part.text));
}

/** Parts of other kinds stand as empty texts, so that errors name the right place. */
function userParts({ parts, path }: UiMessagePlace, textCharsMax: number): ReturnType<typeof userContent> {
  const values = parts.map((place): JsonValue => {
    const { object: part } = place;
    if (part['type'] === 'text') return { type: 'text', text: optionalText(place, 'text') ?? null };
    if (part['type'] !== 'file') return { type: 'text', text: '' };
    const isImage = String(part['mediaType']).startsWith('image') || /^data:image\//i.test(String(part['url']));
    if (isImage) return { type: 'image_url', image_url: part['url'] ?? null };
    return { type: 'file', file_data: part['url'] ?? null, filename: part['filename'] ?? null };
  });
  const content = decodeContent(values, { path: `${path}.parts`, textCharsMax, allows: 'text and images' });
  return userContent({
    ...content,
    parts: content.parts.filter((part) => part.type !== 'text' || part.text !== ''),
  });
}

function textOf({ parts, path }: UiMessagePlace, textCharsMax: number): string {
  const texts = parts.filter(({ object: part }) => part['type'] === 'text');
  const text = texts.map((part) => optionalText(part, 'text') ?? '').join('');
  return bounded(text, `${path}.parts`, textCharsMax);
}

function bounded(text: string, path: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  throw refuse(path, `must have at most ${charsMax} characters.`, 'string_above_max_length');
}

/** One message of the assistant: several steps, each with its words and calls, and then the results of the calls. */
class AnswerReader {
  private results: ToolMessage[] = [];
  private chars = 0;

  constructor(
    private readonly writer: ConversationWriter,
    private readonly textCharsMax: number,
  ) {}

  read({ parts }: UiMessagePlace): void {
    for (const part of parts) this.take(part);
    this.endStep();
  }

  private take(part: Place): void {
    const { type } = part.object;
    if (type === 'step-start') this.endStep();
    else if (type === 'text') this.say(part);
    else if (type === 'reasoning') for (const block of reasoningOf(part)) this.writer.think(block);
    else if (type === 'file') this.show(part);
    else if (type === 'steering-message') this.steer(part);
    else this.call(part);
  }

  private say(part: Place): void {
    const text = this.count(optionalText(part, 'text') ?? '', part);
    if (text !== '') this.writer.say(text);
  }

  private show({ object: { url }, path }: Place): void {
    if (typeof url !== 'string' || !/^data:image\//i.test(url))
      throw refuse(`${path}.url`, 'must be a data:image URL.');
    this.writer.picture(url);
  }

  private steer({ object: { parts = [] }, path }: Place): void {
    this.endStep();
    const message = readUiMessage({ role: 'user', parts }, path);
    this.writer.add({ role: 'user', content: userParts(message, this.textCharsMax) });
  }

  private call(part: Place): void {
    const name = toolNameOf(part);
    const output = name === undefined ? undefined : this.resultOf(part);
    if (name === undefined || output === undefined) return;
    const callId = requiredText(part, 'toolCallId');
    const input = part.object['input'] ?? {};
    const text = typeof input === 'string' ? input : JSON.stringify(input);
    const extra = decodeExtraContent({ ...part, object: ownMetadata(part.object['callProviderMetadata']) });
    this.writer.call({
      callId,
      name,
      arguments: bounded(text, `${part.path}.input`, LIMITS.toolArgumentsCharsMax),
      ...(extra && { extraContent: extra }),
    });
    this.results.push({ role: 'tool', callId, ...output });
  }

  /** Undefined: the call has none, so the model shall not see it. */
  private resultOf(part: Place): Pick<ToolMessage, 'output' | 'isError'> | undefined {
    const { state, output, preliminary } = part.object;
    if (state === 'output-denied') return { output: DENIED };
    if (state === 'output-error') {
      return { output: this.count(optionalText(part, 'errorText') ?? '', part), isError: true };
    }
    if (state !== 'output-available' || preliminary === true) return undefined;
    const text = typeof output === 'string' ? output : JSON.stringify(output ?? null);
    return { output: this.count(text, part) };
  }

  private count(text: string, { path }: Place): string {
    this.chars += text.length;
    if (this.chars <= this.textCharsMax) return text;
    throw refuse(path, `ends a message of more than ${this.textCharsMax} characters.`, 'string_above_max_length');
  }

  private endStep(): void {
    for (const result of this.results) this.writer.answer(result);
    this.results = [];
  }
}

/** What our answers attached to the part comes back with it; text of another server stands alone. */
function reasoningOf(part: Place): Reasoning[] {
  const text = optionalText(part, 'text') ?? '';
  const own = ownMetadata(part.object['providerMetadata']);
  const details = own['reasoning_details'];
  const isOwn = Array.isArray(details) && details.some((detail) => isJsonObject(detail) && detail['id'] !== undefined);
  const object = { ...own, ...(!isOwn && { reasoning_content: text }) };
  return decodeReasoning({ object, path: part.path });
}
