import {
  checkArguments,
  checkUpstreamState,
  isJsonObject,
  type FinishReason,
  type JsonObject,
  type JsonValue,
  type ModelEvent,
  type ModelRequest,
} from '#libs/contract';
import { CallIds } from '../upstream/answers/call-ids.js';
import { EventBatch } from '../upstream/answers/event-batch.js';
import { failureInStream, upstreamError, type Upstream } from '../upstream/failures.js';
import { UPSTREAM_LIMITS } from '../upstream/limits.js';
import type { Translator } from '../upstream/read-answer.js';
import { MessageCitations } from './message-citations.js';
import { MessageUsage } from './message-usage.js';

const REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  // A paused turn belongs to the API's own server tools, which are never offered.
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

interface Call {
  readonly callId: string;
  /** Input that came with the start of the block; used when no fragments follow. */
  readonly input: string;
  argumentsChars: number;
}

/** Model events of one answer of the Messages API, streamed or whole. Tolerates deviations of compatible servers. */
export class MessageTranslator implements Translator {
  done = false;
  private readonly batch = new EventBatch();
  private readonly ids: CallIds;
  private readonly calls = new Map<unknown, Call>();
  /** The signature of the open thinking block, as far as it has arrived. */
  private signature: string | undefined;
  private readonly usage = new MessageUsage();
  private readonly citations = new MessageCitations();
  private finishReason: FinishReason | undefined;
  private given = 0;
  private badLines = 0;

  constructor(
    request: ModelRequest,
    private readonly upstream: Pick<Upstream, 'name' | 'apiKey'>,
  ) {
    this.ids = new CallIds(request.messages);
  }

  get finished(): boolean {
    return this.finishReason !== undefined;
  }

  readEvent(data: string): void {
    if (this.done) return;
    const event = this.parse(data);
    if (event) this.read(event);
  }

  readWhole(answer: JsonValue): void {
    if (isJsonObject(answer) && answer['error']) throw failureInStream(answer['error'], this.upstream);
    const content = isJsonObject(answer) ? answer['content'] : undefined;
    if (!isJsonObject(answer) || !Array.isArray(content)) {
      throw upstreamError(this.upstream.name, 'upstream_invalid', 'answered without content');
    }
    content.forEach((block: unknown, index) => {
      this.startBlock(block, index);
      this.closeText();
    });
    this.usage.take(answer['usage']);
    this.finish(answer['stop_reason'] ?? 'end_turn');
    this.done = true;
  }

  take(): readonly ModelEvent[] {
    return this.batch.take();
  }

  end(): readonly ModelEvent[] {
    if (this.finishReason === undefined) {
      throw upstreamError(this.upstream.name, 'upstream_cut', 'ended its answer before it was finished');
    }
    this.sealThinking();
    const isCut = this.finishReason === 'length' || this.finishReason === 'content_filter';
    if (!isCut) for (const call of this.calls.values()) this.complete(call);
    const finishReason = isCut ? this.finishReason : this.calls.size > 0 ? 'tool_calls' : 'stop';
    const { serviceTier } = this.usage;
    const tier = serviceTier !== undefined && { serviceTier };
    return [...this.batch.take(), { type: 'end', finishReason, usage: this.usage.total(), ...tier }];
  }

  private parse(data: string): JsonObject | undefined {
    let cause: unknown;
    try {
      const event: JsonValue = JSON.parse(data);
      if (isJsonObject(event)) return event;
    } catch (error) {
      cause = error;
    }
    this.badLines++;
    if (this.badLines <= UPSTREAM_LIMITS.badLinesMax) return undefined;
    throw upstreamError(this.upstream.name, 'upstream_invalid', 'sent events that are not JSON', { cause });
  }

  /** Events of other types (ping, and those of later versions) carry nothing that is needed. */
  private read(event: JsonObject): void {
    switch (event['type']) {
      case 'content_block_delta':
        return this.readDelta(event['delta'], event['index']);
      case 'content_block_start':
        return this.startBlock(event['content_block'], event['index']);
      case 'content_block_stop':
        this.closeText();
        return this.sealThinking();
      case 'message_start':
        return this.usage.take(isJsonObject(event['message']) ? event['message']['usage'] : undefined);
      case 'message_delta':
        this.usage.take(event['usage']);
        return this.finish(isJsonObject(event['delta']) ? event['delta']['stop_reason'] : undefined);
      case 'message_stop':
        this.done = true;
        return;
      case 'error':
        throw failureInStream(event['error'], this.upstream);
      default:
        return;
    }
  }

  /** Starts a block: an empty one of a stream, or a whole one. Blocks of unknown types are ignored. */
  private startBlock(block: unknown, index: unknown): void {
    if (!isJsonObject(block)) return;
    this.sealThinking();
    switch (block['type']) {
      case 'text':
        this.say('text', block['text']);
        if (Array.isArray(block['citations'])) block['citations'].forEach((one: unknown) => this.citations.add(one));
        return;
      case 'thinking':
        this.signature = '';
        this.say('reasoning', block['thinking']);
        return this.sign(block['signature']);
      case 'redacted_thinking':
        return this.redact(block['data']);
      case 'tool_use':
        return this.startCall(block, index);
      default:
        return;
    }
  }

  private startCall({ id, name, input }: JsonObject, index: unknown): void {
    const callId = this.ids.give(typeof id === 'string' ? id : '', this.given++);
    this.batch.add({ type: 'tool_call', callId, name: typeof name === 'string' ? name : '' });
    this.calls.set(index, { callId, input: isJsonObject(input) ? JSON.stringify(input) : '{}', argumentsChars: 0 });
  }

  private readDelta(delta: unknown, index: unknown): void {
    if (!isJsonObject(delta)) return;
    switch (delta['type']) {
      case 'text_delta':
        return this.say('text', delta['text']);
      case 'citations_delta':
        return this.citations.add(delta['citation']);
      case 'thinking_delta':
        return this.say('reasoning', delta['thinking']);
      case 'signature_delta':
        return this.sign(delta['signature']);
      case 'input_json_delta': {
        const call = this.calls.get(index);
        const text = delta['partial_json'];
        if (call && typeof text === 'string' && text !== '') this.addArguments(call, text);
        return;
      }
      default:
        return;
    }
  }

  private say(type: 'text' | 'reasoning', text: unknown): void {
    if (typeof text !== 'string' || text === '') return;
    this.batch.add({ type, text });
    if (type === 'text') this.citations.said(text);
  }

  private closeText(): void {
    const citations = this.citations.close();
    if (citations.length > 0) this.batch.add({ type: 'citations', citations });
  }

  private sign(signature: unknown): void {
    if (typeof signature !== 'string') return;
    // A signature comes whole. When a server sends one with the block and another as a delta, the later one counts.
    if (signature !== '') this.signature = signature;
    checkUpstreamState(Buffer.byteLength(signature));
  }

  /** Ends the open thinking block. Its signature has to go back with it. Compatible servers may send an empty one. */
  private sealThinking(): void {
    const { signature } = this;
    if (signature === undefined) return;
    this.signature = undefined;
    this.batch.add({ type: 'reasoning', text: '', seal: { form: 'anthropic', signature } });
  }

  private redact(data: unknown): void {
    if (typeof data !== 'string') return;
    checkUpstreamState(Buffer.byteLength(data));
    this.batch.add({ type: 'reasoning', text: '', seal: { form: 'anthropic', encrypted: data } });
  }

  private addArguments(call: Call, delta: string): void {
    call.argumentsChars += delta.length;
    checkArguments(call.argumentsChars);
    this.batch.add({ type: 'tool_arguments', callId: call.callId, delta });
  }

  private complete(call: Call): void {
    if (call.argumentsChars === 0) this.addArguments(call, call.input);
  }

  private finish(reason: unknown): void {
    if (typeof reason !== 'string') return;
    this.finishReason = (Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined) ?? 'stop';
  }
}
