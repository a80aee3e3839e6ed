import {
  compacted,
  IMAGE_ALONE,
  picturesOf,
  STEP_SEPARATOR,
  type AssistantMessage,
  type ContentPart,
  type Message,
  type Reasoning,
  type ToolCall,
  type ToolMessage,
} from '#libs/contract';

/**
 * Turns items into messages. Text and calls of the assistant without a break form one message, and each result comes
 * after its call, wherever it was in the request: upstreams accept nothing else. Upstreams take images from users only,
 * so images of results go into a user message after all results of the same message.
 */
export class ConversationWriter {
  readonly messages: Message[] = [];
  /** The user messages with images, and their parts, to which images of later results are added. */
  private readonly shown = new Map<Message, ContentPart[]>();

  /** Reasoning that belongs to the assistant's next text or call. */
  private thought: Reasoning[] = [];

  add(message: Message): void {
    this.thought = [];
    this.messages.push(message);
  }

  /** Replaces everything so far by its summary. */
  compact(summary: string): void {
    this.thought = [];
    this.messages.splice(0, this.messages.length, ...compacted(this.messages, summary));
  }

  say(text: string): void {
    const last = this.openAssistant();
    this.replaceLast({ ...last, text: joined(last.text, text) });
  }

  /** Reasoning without anything after it is left out, because no message could carry it back. */
  think(block: Reasoning): void {
    this.thought.push(block);
  }

  refuse(refusal: string): void {
    const last = this.openAssistant();
    this.replaceLast({ ...last, refusal: joined(last.refusal ?? '', refusal) });
  }

  call(call: ToolCall): void {
    const last = this.openAssistant();
    this.replaceLast({ ...last, toolCalls: [...last.toolCalls, call] });
  }

  /**
   * Adds a result. A result whose call is not here belongs to an earlier conversation, which this one continues, so it
   * comes first.
   */
  answer(result: ToolMessage, images: readonly ContentPart[] = []): void {
    const asked = this.messages.findLastIndex(
      (message) => message.role === 'assistant' && message.toolCalls.some((call) => call.callId === result.callId),
    );
    let at = asked + 1;
    while (this.messages[at]?.role === 'tool') at++;
    this.messages.splice(at, 0, result);
    if (images.length > 0) this.show(at + 1, result, images);
  }

  /** An image from the assistant. It comes after its message, together with earlier images there. */
  picture(url: string): void {
    const last = this.messages.at(-1);
    const earlier = last && this.shown.get(last);
    if (earlier) {
      earlier.push({ type: 'image', url });
      return;
    }
    // A message with only images would be empty, and upstreams refuse that.
    if (last?.role !== 'assistant') this.say(IMAGE_ALONE);
    const parts = picturesOf([url]);
    const message: Message = { role: 'user', content: parts };
    this.messages.push(message);
    this.shown.set(message, parts);
  }

  /** The id of the last call of this function without a result; without a name, of any function. */
  openCall(name: string | undefined): string | undefined {
    const answered = new Set(this.messages.map((message) => (message.role === 'tool' ? message.callId : undefined)));
    const calls = this.messages.flatMap((message) => (message.role === 'assistant' ? message.toolCalls : []));
    const open = calls.filter((call) => !answered.has(call.callId) && (name === undefined || call.name === name));
    return open.at(-1)?.callId;
  }

  /** @param after where the search for the end of the results begins. */
  private show(after: number, { callId }: ToolMessage, images: readonly ContentPart[]): void {
    let at = after;
    while (this.messages[at]?.role === 'tool') at++;
    const parts: ContentPart[] = [{ type: 'text', text: `Images in the result of the call ${callId}:` }, ...images];
    const before = this.messages[at];
    const earlier = before && this.shown.get(before);
    if (earlier) {
      earlier.push(...parts);
      return;
    }
    const message: Message = { role: 'user', content: parts };
    this.messages.splice(at, 0, message);
    this.shown.set(message, parts);
  }

  private openAssistant(): AssistantMessage {
    const last = this.messages.at(-1);
    const open: AssistantMessage = last?.role === 'assistant' ? last : { role: 'assistant', text: '', toolCalls: [] };
    const thoughtful = this.withThought(open);
    if (open === last) this.replaceLast(thoughtful);
    else this.messages.push(thoughtful);
    return thoughtful;
  }

  private withThought(message: AssistantMessage): AssistantMessage {
    if (this.thought.length === 0) return message;
    const chars = message.text.length;
    const calls = message.toolCalls.length;
    const at = chars + calls > 0 && { at: { chars, calls } };
    const reasoning = [...(message.reasoning ?? []), ...this.thought.map((block) => ({ ...block, ...at }))];
    this.thought = [];
    return { ...message, reasoning };
  }

  private replaceLast(message: AssistantMessage): void {
    this.messages[this.messages.length - 1] = message;
  }
}

function joined(before: string, text: string): string {
  return before === '' || text === '' ? before + text : before + STEP_SEPARATOR + text;
}
