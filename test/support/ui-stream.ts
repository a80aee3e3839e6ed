import type { JsonObject } from '#libs/contract';
import { readStream } from './transcript.js';

/** What `useChat` keeps of an answer: AI SDK's `UIMessage`, of which parts are changed in place. */
export interface UiMessage {
  id: string;
  metadata: Record<string, unknown>;
  parts: Part[];
}

type Part = Record<string, unknown> & { type: string };
type Chunk = Part & { id: string; toolCallId: string };

export interface ReadUi {
  readonly message: UiMessage;
  readonly types: readonly string[];
  readonly error?: string;
  readonly finishReason?: unknown;
  readonly progress: readonly JsonObject[];
}

/**
 * Reads a stream as `processUIMessageStream` of AI SDK 7 does, and throws where it throws: at words for a part that was
 * not begun, and at tools and approvals that nobody has heard of.
 * @param before the message that the client has; absent: none.
 */
export function readUi(text: string, before?: UiMessage): ReadUi {
  const { frames } = readStream(text);
  const chunks = frames.map(({ data }) => data);
  if (chunks.pop() !== '[DONE]') throw new Error('the stream does not end with [DONE]');
  const reader = new UiReader(before);
  for (const data of chunks) reader.take(JSON.parse(data) as Chunk);
  return reader;
}

class UiReader implements ReadUi {
  readonly message: UiMessage;
  readonly types: string[] = [];
  readonly progress: JsonObject[] = [];
  error?: string;
  finishReason?: unknown;
  private open = new Map<string, Part>();

  constructor(before?: UiMessage) {
    this.message = before ? structuredClone(before) : { id: '', metadata: {}, parts: [] };
  }

  take(chunk: Chunk): void {
    const { type, ...fields } = chunk;
    this.types.push(type);
    if (this.error !== undefined) throw new Error(`${type} behind an error`);
    if (this.finishReason !== undefined) throw new Error(`${type} behind the end`);
    Object.assign(this.message.metadata, fields['messageMetadata'] ?? {});
    const [kind, what] = type.split('-', 2);
    if ((kind === 'text' || kind === 'reasoning') && what !== undefined) this.speak(kind, what, chunk);
    else if (kind === 'tool') this.call(type, chunk);
    else this.other(chunk);
  }

  private speak(kind: string, what: string, { id, delta, providerMetadata }: Chunk): void {
    if (what === 'start') {
      const part: Part = { type: kind, text: '', state: 'streaming' };
      this.open.set(id, part);
      this.message.parts.push(part);
      return;
    }
    const part = this.open.get(id);
    if (!part) throw new Error(`${kind}-${what} for a part that was not begun`);
    if (what === 'delta') part['text'] = `${String(part['text'])}${String(delta)}`;
    else {
      part['state'] = 'done';
      this.open.delete(id);
    }
    if (providerMetadata !== undefined) part['providerMetadata'] = providerMetadata;
  }

  private call(type: string, chunk: Chunk): void {
    if (type === 'tool-input-start') {
      this.message.parts.push({ ...kindOf(chunk), toolCallId: chunk.toolCallId, state: 'input-streaming' });
      return;
    }
    const part = this.message.parts.findLast((found) =>
      type === 'tool-approval-response'
        ? (found['approval'] as JsonObject | undefined)?.['id'] === chunk['approvalId']
        : found['toolCallId'] === chunk.toolCallId,
    );
    if (!part) throw new Error(`${type} for a call that was not begun`);
    Object.assign(part, changeOf(type, chunk, part));
  }

  private other(chunk: Chunk): void {
    const { type, ...fields } = chunk;
    const { parts } = this.message;
    if (type === 'start') this.message.id = fields['messageId'] as string;
    else if (type === 'start-step') parts.push({ type: 'step-start' });
    else if (type === 'reset-step') {
      const from = parts.findLastIndex((part) => part.type === 'step-start');
      parts.splice(from + 1);
      this.open.clear();
    } else if (type === 'error') this.error = fields['errorText'] as string;
    else if (type === 'finish') this.finishReason = fields['finishReason'];
    else if (type === 'data-tool-progress') this.progress.push(fields['data'] as JsonObject);
    else if (type !== 'finish-step' && type !== 'abort') parts.push(chunk);
  }
}

function kindOf({ dynamic, toolName, providerExecuted }: Chunk): Part {
  if (dynamic !== true) return { type: `tool-${String(toolName)}` };
  return { type: 'dynamic-tool', toolName, providerExecuted };
}

function changeOf(type: string, chunk: Chunk, part: Part): Record<string, unknown> {
  const { input, output, errorText, approvalId, approved, reason, providerMetadata } = chunk;
  const call = providerMetadata !== undefined && { callProviderMetadata: providerMetadata };
  switch (type) {
    case 'tool-input-delta':
      return {};
    case 'tool-input-available':
      return { state: 'input-available', input, ...call };
    case 'tool-input-error':
      return { state: 'output-error', input, errorText, ...call };
    case 'tool-approval-request': {
      const { approvalDescriptor: descriptor, isAutomatic } = chunk;
      const more = { ...(descriptor !== undefined && { descriptor }), ...(isAutomatic === true && { isAutomatic }) };
      return { state: 'approval-requested', approval: { id: approvalId, ...more } };
    }
    case 'tool-approval-response': {
      const asked = part['approval'] as JsonObject;
      return {
        state: 'approval-responded',
        approval: { ...asked, approved, ...(reason !== undefined && { reason }) },
      };
    }
    case 'tool-output-denied':
      return { state: 'output-denied' };
    case 'tool-output-error':
      return { state: 'output-error', errorText };
    case 'tool-output-available':
      return { state: 'output-available', output };
    default:
      throw new Error(`no chunk ${type}`);
  }
}
