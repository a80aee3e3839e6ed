import {
  LIMITS,
  type CacheMark,
  type ContentPart,
  type JsonObject,
  type Message,
  type Reasoning,
  type SystemMark,
  type ToolMessage,
} from '#libs/contract';
import {
  fieldOf,
  missing,
  optionalFlag,
  optionalText,
  placeOf,
  refuse,
  requiredText,
  type Place,
} from '../../request-place.js';
import { unpackReasoning } from '../../sealed-reasoning.js';
import { unpackCallState } from '../call-state.js';
import {
  argumentsOf,
  blocksOf,
  boundText,
  partsOf,
  markOf,
  textOf,
  type ContentBlock,
  type BlocksPlace,
} from './decode-blocks.js';
import { TurnWriter } from './turn-writer.js';

/**
 * `messages` as the gateway's messages. Blocks of unknown types, and results of tools that Anthropic's servers ran, are
 * skipped, because a client keeps them in its history for ever. Throws GatewayError that names the place.
 */
export function decodeTurns(list: readonly unknown[], textCharsMax: number): readonly Message[] {
  const reader = new TurnReader(textCharsMax);
  list.forEach((value, i) => reader.take(placeOf(value, `messages[${i}]`)));
  return reader.result();
}

class TurnReader {
  private readonly writer = new TurnWriter();

  constructor(private readonly textCharsMax: number) {}

  take(place: Place): void {
    const role = requiredText(place, 'role');
    const content: BlocksPlace = { path: `${place.path}.content`, textCharsMax: this.textCharsMax };
    const blocks = blocksOf(fieldOf(place, 'content'), content);
    switch (role) {
      case 'user':
        return this.takeUser(blocks, content);
      case 'assistant':
        return this.takeAssistant(blocks, content);
      case 'system':
        return this.writer.system(textOf(blocks, content), lastMark(blocks));
      default:
        throw refuse(`${place.path}.role`, 'must be one of user, assistant, system.');
    }
  }

  result(): readonly Message[] {
    const messages = this.writer.end();
    if (messages.some(isVisible)) return messages;
    throw refuse('messages', 'must have a user message with content.');
  }

  private takeUser(blocks: readonly ContentBlock[], place: BlocksPlace): void {
    const results: ToolMessage[] = [];
    const parts: ContentPart[] = [];
    for (const block of blocks) {
      if (block.type === 'tool_result') parts.push(...this.takeResult(block, results));
      else parts.push(...partsOf(block, place.path));
    }
    boundText(parts.map((part) => (part.type === 'text' ? part.text : '')).join(''), place);
    this.writer.user(results, parts);
  }

  /** @returns images in the result: upstreams accept them from users only. */
  private takeResult(block: ContentBlock, results: ToolMessage[]): ContentPart[] {
    const callId = requiredText(block, 'tool_use_id');
    if (!this.writer.isKnown(callId)) {
      throw refuse(`${block.path}.tool_use_id`, "must be the id of a 'tool_use' block of an earlier message.");
    }
    const { output, images, cacheMark } = this.outputOf(block);
    const isError = optionalFlag(block, 'is_error') === true;
    results.push({ role: 'tool', callId, output, ...(isError && { isError }), ...(cacheMark && { cacheMark }) });
    if (images.length === 0) return [];
    return [{ type: 'text', text: `Images in the result of the call ${callId}:` }, ...images];
  }

  private outputOf(block: ContentBlock): ResultContent {
    const path = `${block.path}.content`;
    const place = { path, textCharsMax: this.textCharsMax };
    const inner = blocksOf(fieldOf(block, 'content') ?? '', place);
    const images = inner.flatMap((block) => partsOf(block, path)).filter(({ type }) => type !== 'text');
    // The content's own marks end at the same place, or just before it.
    const cacheMark = markOf(block) ?? lastMark(inner.filter(({ type }) => type !== 'image'));
    return { output: textOf(inner, place), images, ...(cacheMark && { cacheMark }) };
  }

  private takeAssistant(blocks: readonly ContentBlock[], place: BlocksPlace): void {
    this.writer.close();
    // The state of a call comes before the call, or after it where the upstream sent it late.
    const states = new Map(blocks.flatMap(stateOf));
    blocks.forEach((block, i) => this.takeSaid(block, { rest: blocks.slice(i + 1), states }));
    const text = blocks.filter(({ type }) => type === 'text').map((block) => optionalText(block, 'text') ?? '');
    boundText(text.join(''), place);
  }

  private takeSaid(block: ContentBlock, { rest, states }: Around): void {
    switch (block.type) {
      case 'text':
        this.writer.say(requiredString(block, 'text'));
        return this.writer.mark(markOf(block));
      case 'thinking':
        return this.writer.think(thinkingOf(block));
      case 'redacted_thinking':
        return this.takeRedacted(block);
      case 'tool_use': {
        const call = callOf(block);
        const extraContent = states.get(call.callId);
        this.writer.call({ ...call, ...(extraContent && { extraContent }) });
        return this.writer.mark(markOf(block));
      }
      case 'mcp_tool_use':
        return this.takeRun(block, rest);
      default:
        return;
    }
  }

  private takeRedacted(block: ContentBlock): void {
    const data = bounded(block, 'data');
    if (unpackCallState(data)) return;
    this.writer.think(unpackReasoning(data) ?? { text: '', seal: { form: 'anthropic', encrypted: data } });
  }

  /** A call that the gateway ran means nothing without its result, which some clients drop. */
  private takeRun(block: ContentBlock, rest: readonly ContentBlock[]): void {
    const call = callOf(block);
    const result = rest.find(
      (other) => other.type === 'mcp_tool_result' && other.object['tool_use_id'] === call.callId,
    );
    if (!result) return;
    const { output } = this.outputOf(result);
    const isError = optionalFlag(result, 'is_error') === true;
    this.writer.ran(call, { output, ...(isError && { isError }) });
  }
}

interface ResultContent {
  readonly output: string;
  readonly images: readonly ContentPart[];
  readonly cacheMark?: CacheMark;
}

const lastMark = (blocks: readonly ContentBlock[]): CacheMark | undefined =>
  blocks.flatMap((block) => markOf(block) ?? []).at(-1);

interface Around {
  readonly rest: readonly ContentBlock[];
  /** By call: the state that its upstream attached. */
  readonly states: ReadonlyMap<string, JsonObject>;
}

function stateOf(block: ContentBlock): (readonly [string, JsonObject])[] {
  const data = block.type === 'redacted_thinking' ? block.object['data'] : undefined;
  const state = typeof data === 'string' ? unpackCallState(data) : undefined;
  return state ? [[state.callId, state.extraContent]] : [];
}

function thinkingOf(block: ContentBlock): Reasoning {
  const text = requiredString(block, 'thinking');
  if (text.length > LIMITS.reasoningCharsMax) {
    const problem = `must have at most ${LIMITS.reasoningCharsMax} characters.`;
    throw refuse(`${block.path}.thinking`, problem, 'string_above_max_length');
  }
  const signature = bounded(block, 'signature');
  const own = unpackReasoning(signature);
  if (own) return own.text === '' ? { ...own, text } : own;
  return signature === '' ? { text } : { text, seal: { form: 'anthropic', signature } };
}

function callOf(block: ContentBlock): { readonly callId: string; readonly name: string; readonly arguments: string } {
  const args = argumentsOf(fieldOf(block, 'input'), `${block.path}.input`);
  return { callId: requiredText(block, 'id'), name: requiredText(block, 'name'), arguments: args };
}

function requiredString(place: Place, key: string): string {
  const value = optionalText(place, key);
  if (value !== undefined) return value;
  throw refuse(`${place.path}.${key}`, 'is required.', 'missing_required_parameter');
}

/** Text and state of one block, in base64url and with room for JSON's escapes. */
const STATE_CHARS_MAX = 2 * (LIMITS.reasoningCharsMax + LIMITS.upstreamStateBytesMax);

function bounded(place: Place, key: string): string {
  const value = optionalText(place, key) ?? '';
  if (value.length <= STATE_CHARS_MAX) return value;
  throw refuse(`${place.path}.${key}`, `must have at most ${STATE_CHARS_MAX} characters.`, 'string_above_max_length');
}

function isVisible(message: Message): boolean {
  if (message.role === 'assistant') return false;
  if (message.role === 'tool') return true;
  if (typeof message.content === 'string') return /\S/.test(message.content);
  return message.content.some((part) => part.type !== 'text' || /\S/.test(part.text));
}

export interface DecodedSystem {
  /** Absent: none. */
  readonly text?: string;
  readonly marks: readonly SystemMark[];
}

/** `system`: a text, or text blocks, joined by blank lines, and the marks of cached prefixes on them. */
export function decodeSystem(system: string | readonly unknown[] | undefined, textCharsMax: number): DecodedSystem {
  if (system === undefined) return { marks: [] };
  const place = { path: 'system', textCharsMax };
  const blocks = blocksOf(system as JsonObject[string], place).filter(({ type }) => type === 'text');
  let text = '';
  const ends: { readonly at: number; readonly fields: JsonObject }[] = [];
  for (const block of blocks) {
    const said = optionalText(block, 'text');
    if (said === undefined) throw missing(`${block.path}.text`);
    const mark = markOf(block);
    if (said === '') continue;
    text += text === '' ? said : `\n\n${said}`;
    if (mark) ends.push({ at: text.length, fields: mark.fields });
  }
  boundText(text, place);
  return { ...(text !== '' && { text }), marks: ends.map(({ at, fields }) => ({ after: text.length - at, fields })) };
}
