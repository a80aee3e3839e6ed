import type { CacheMark, ContentPart, Message, Reasoning, ToolCall, ToolMessage, UserMessage } from '#libs/contract';
import { userContent } from '../../decode-content.js';

/** The assistant's answer that is being read. */
interface OpenAnswer {
  text: string;
  readonly reasoning: Reasoning[];
  readonly calls: ToolCall[];
  mark?: CacheMark;
}

/** For a call whose result never came: upstreams refuse a conversation with an open call in the middle. */
const NO_RESULT = 'No result of this call was given.';

/**
 * Turns turns into messages. A call is followed by its result: directly where the gateway itself ran the tool, because
 * both are in the assistant's turn, and otherwise in the user's next turn.
 */
export class TurnWriter {
  readonly messages: Message[] = [];
  private answer: OpenAnswer | undefined;
  /** Calls that the user's next turn must answer. */
  private open: string[] = [];
  private readonly known = new Set<string>();

  say(text: string): void {
    const answer = this.opened();
    answer.text += answer.text === '' || text === '' ? text : `\n${text}`;
  }

  /** A cached prefix ends within what is being said; the last one counts. */
  mark(cacheMark: CacheMark | undefined): void {
    if (cacheMark) this.opened().mark = cacheMark;
  }

  think(block: Reasoning): void {
    const { text, calls, reasoning } = this.opened();
    const at = text.length + calls.length > 0 && { at: { chars: text.length, calls: calls.length } };
    reasoning.push({ ...block, ...at });
  }

  call(call: ToolCall): void {
    this.opened().calls.push(call);
    this.open.push(call.callId);
    this.known.add(call.callId);
  }

  /** Adds a call that the gateway ran, and its result. Later text of the assistant is another message. */
  ran(call: ToolCall, result: Omit<ToolMessage, 'role' | 'callId'>): void {
    this.opened().calls.push(call);
    this.close();
    this.messages.push({ role: 'tool', callId: call.callId, ...result });
  }

  /** Ends the assistant's turn. */
  close(): void {
    const { answer } = this;
    this.answer = undefined;
    if (!answer) return;
    const { text, reasoning, calls, mark } = answer;
    if (text === '' && calls.length === 0) return;
    const more = { ...(reasoning.length > 0 && { reasoning }), ...(mark && { cacheMark: mark }) };
    this.messages.push({ role: 'assistant', text, ...more, toolCalls: calls });
  }

  isKnown(callId: string): boolean {
    return this.known.has(callId);
  }

  /** Adds a turn of the user: results first, then the text, and images of results as the user's. */
  user(results: readonly ToolMessage[], parts: readonly ContentPart[]): void {
    this.close();
    const given = new Set(results.map(({ callId }) => callId));
    const missing = this.open.filter((callId) => !given.has(callId));
    this.messages.push(...results.filter(({ callId }) => this.open.includes(callId)));
    this.messages.push(
      ...missing.map((callId): ToolMessage => ({ role: 'tool', callId, output: NO_RESULT, isError: true })),
    );
    this.open = [];
    if (parts.length > 0) this.messages.push(userMessage(parts));
  }

  /** A system text keeps its position: moved to the front, it would invalidate the prompt caches of upstreams. */
  system(text: string, cacheMark: CacheMark | undefined): void {
    this.user([], []);
    if (text.trim() !== '') this.messages.push({ role: 'system', content: text, ...(cacheMark && { cacheMark }) });
  }

  /** Ends the conversation. Calls of its last turn may stay open: the client wants the text to be continued. */
  end(): readonly Message[] {
    this.close();
    return this.messages;
  }

  private opened(): OpenAnswer {
    this.answer ??= { text: '', reasoning: [], calls: [] };
    return this.answer;
  }
}

function userMessage(parts: readonly ContentPart[]): UserMessage {
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  return { role: 'user', content: userContent({ parts, text: texts.filter((text) => text !== '').join('\n') }) };
}
