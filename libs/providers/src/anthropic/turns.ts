import {
  isJsonObject,
  isTooDeep,
  type AssistantMessage,
  type CacheMark,
  type ContentPart,
  type JsonObject,
  type JsonValue,
  type Message,
  type Reasoning,
  type ToolCall,
} from '#libs/contract';

export interface Turn extends JsonObject {
  readonly role: 'user' | 'assistant';
  readonly content: JsonObject[];
}

/** A conversation must begin with the user. This text stands in when it begins with the assistant, or is empty. */
const OPENING: JsonObject = { type: 'text', text: '(The conversation begins here.)' };

/**
 * The conversation as alternating turns, the first one the user's. Neighbouring messages of one side become one turn,
 * results of tools belong to the user, and empty text is left out because the API refuses it.
 */
export function toTurns(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const content = blocksOf(message);
    if (content.length === 0) continue;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', content: [OPENING] });
  return turns;
}

function blocksOf(message: Message): JsonObject[] {
  switch (message.role) {
    case 'user': {
      const { content } = message;
      return typeof content === 'string' ? textBlocks(content) : content.flatMap(blocksOfPart);
    }
    case 'assistant':
      return markedAtEnd(assistantBlocks(message), message.cacheMark);
    // The API accepts system text only before the conversation. Moving it there would invalidate the prompt cache.
    case 'system':
      return marked(textBlocks(`<system>\n${message.content}\n</system>`), message.cacheMark);
    case 'tool': {
      const { callId, output, isError } = message;
      const result = { type: 'tool_result', tool_use_id: toUseId(callId), content: output };
      return marked([{ ...result, ...(isError === true && { is_error: true }) }], message.cacheMark);
    }
  }
}

/** Thinking keeps its position in the answer: the API checks that a turn with calls comes back unchanged. */
function assistantBlocks({ text, refusal, reasoning = [], toolCalls }: AssistantMessage): JsonObject[] {
  const blocks: JsonObject[] = [];
  let chars = 0;
  let calls = 0;
  for (const block of reasoning) {
    const at = block.at ?? { chars: 0, calls: 0 };
    blocks.push(...textBlocks(text.slice(chars, at.chars)), ...toolCalls.slice(calls, at.calls).map(toToolUse));
    blocks.push(...thinkingBlocks(block));
    chars = Math.max(chars, at.chars);
    calls = Math.max(calls, at.calls);
  }
  const rest = [...textBlocks(text.slice(chars)), ...textBlocks(refusal ?? '')];
  return [...blocks, ...rest, ...toolCalls.slice(calls).map(toToolUse)];
}

/** Empty for reasoning from an upstream of another kind: it has no signature that this API could check. */
function thinkingBlocks({ text, seal }: Reasoning): JsonObject[] {
  if (seal?.form !== 'anthropic') return [];
  if (seal.encrypted !== undefined) return [{ type: 'redacted_thinking', data: seal.encrypted }];
  return [{ type: 'thinking', thinking: text, signature: seal.signature ?? '' }];
}

/** OpenAI's mark has one lifetime for the whole request. The shortest one is this API's default. */
function marked(blocks: JsonObject[], mark: CacheMark | undefined): JsonObject[] {
  if (!mark) return blocks;
  const control = mark.form === 'anthropic' ? mark.fields : { type: 'ephemeral' };
  return blocks.map((block) => ({ ...block, cache_control: control }));
}

/** On the last block that may have a mark: the API takes none on thinking. */
function markedAtEnd(blocks: JsonObject[], mark: CacheMark | undefined): JsonObject[] {
  const at = blocks.findLastIndex(({ type }) => type === 'text' || type === 'tool_use');
  const block = blocks[at];
  return block ? [...blocks.slice(0, at), ...marked([block], mark), ...blocks.slice(at + 1)] : blocks;
}

function textBlocks(text: string): JsonObject[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }];
}

function blocksOfPart(part: ContentPart): JsonObject[] {
  return marked(plainBlocksOf(part), part.cacheMark);
}

function plainBlocksOf(part: ContentPart): JsonObject[] {
  switch (part.type) {
    case 'text':
      return textBlocks(part.text);
    case 'image':
      return [{ type: 'image', source: imageSource(part.url) }];
    case 'file':
      return [{ type: 'document', source: imageSource(part.url), ...(part.name ? { title: part.name } : {}) }];
  }
}

function imageSource(url: string): JsonObject {
  const comma = url.indexOf(',');
  if (!url.startsWith('data:') || comma < 0) return { type: 'url', url };
  const [mediaType = '', ...options] = url.slice('data:'.length, comma).split(';');
  const body = url.slice(comma + 1);
  const data = options.includes('base64') ? body : percentToBase64(body);
  return { type: 'base64', media_type: mediaType, data };
}

/** Works on bytes, because decodeURIComponent refuses bytes that are not UTF-8. */
function percentToBase64(body: string): string {
  const bytes = body.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('base64');
}

function toToolUse({ callId, name, arguments: text }: ToolCall): JsonObject {
  return { type: 'tool_use', id: toUseId(callId), name, input: inputOf(text) };
}

/**
 * `input` must be an object. Where the model wrote something else, its text is kept in one, so that the model can see
 * its mistake.
 */
function inputOf(text: string): JsonObject {
  if (text.trim() === '') return {};
  try {
    const value: JsonValue = JSON.parse(text);
    return isJsonObject(value) && !isTooDeep(value) ? value : { invalid_arguments: text };
  } catch {
    return { invalid_arguments: text };
  }
}

/** Ids must match ^[a-zA-Z0-9_-]+$. Ids from other upstreams, in earlier steps or of other models, may not. */
function toUseId(callId: string): string {
  return callId.replace(/[^a-zA-Z0-9_-]/g, '_');
}
