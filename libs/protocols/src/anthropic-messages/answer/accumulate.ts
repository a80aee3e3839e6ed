import type { JsonObject } from '#libs/contract';
import { parseArguments } from '../../arguments-preview.js';
import type { SseFrame } from '../../sse-frame.js';

interface StreamEvent {
  readonly type: string;
  readonly index?: number;
  readonly message?: JsonObject;
  readonly content_block?: JsonObject;
  readonly delta?: JsonObject;
}

/**
 * Puts a stream together as clients of the Messages API do: blocks by their index, the fields of deltas added up, the
 * last signature kept, and the input of a call parsed when its JSON is complete.
 */
export function putTogether(frames: readonly SseFrame[]): JsonObject {
  let message: JsonObject = {};
  const blocks: Block[] = [];
  for (const frame of frames) {
    if (!('data' in frame)) continue;
    const event = JSON.parse(frame.data) as StreamEvent;
    if (event.message) message = event.message;
    else if (event.content_block) blocks.push(new Block(event.content_block));
    else if (event.delta && event.index === undefined) message = { ...message, ...event.delta };
    else if (event.delta) blocks[event.index ?? 0]?.add(event.delta);
  }
  return { ...message, content: blocks.map((block) => block.whole()) };
}

class Block {
  private text = '';
  private signature: string | undefined;

  constructor(private readonly start: JsonObject) {}

  add(delta: JsonObject): void {
    if (typeof delta['signature'] === 'string') this.signature = delta['signature'];
    else this.text += String(delta['text'] ?? delta['thinking'] ?? delta['partial_json'] ?? '');
  }

  whole(): JsonObject {
    const { start } = this;
    switch (start['type']) {
      case 'text':
        return { ...start, text: this.text };
      case 'thinking':
        return { ...start, thinking: this.text, signature: this.signature ?? '' };
      case 'tool_use':
        return { ...start, input: parseArguments(this.text) ?? {} };
      default:
        return start;
    }
  }
}
