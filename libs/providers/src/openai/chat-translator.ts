import {
  isJsonObject,
  NO_USAGE,
  type FinishReason,
  type JsonObject,
  type JsonValue,
  type ModelEvent,
  type ModelRequest,
  type Usage,
} from '#libs/contract';
import { CallIds } from '../upstream/answers/call-ids.js';
import { EventBatch } from '../upstream/answers/event-batch.js';
import { failureInStream, upstreamError, type Upstream } from '../upstream/failures.js';
import { UPSTREAM_LIMITS } from '../upstream/limits.js';
import type { Translator } from '../upstream/read-answer.js';
import { ChatExtras } from './chat-extras.js';
import { ChatReasoning } from './chat-reasoning.js';
import { ChatToolCalls } from './chat-tool-calls.js';
import { toFinishReason } from './finish-reason.js';

/** Model events of one Chat Completions answer, streamed or whole. Tolerates deviations of compatible servers. */
export class ChatTranslator implements Translator {
  done = false;
  private readonly batch = new EventBatch();
  private readonly calls: ChatToolCalls;
  private readonly reasoning = new ChatReasoning();
  private readonly extras = new ChatExtras();
  private readonly wantsLogprobs: boolean;
  private finishReason: FinishReason | undefined;
  private usage: Usage = NO_USAGE;
  private serviceTier: string | undefined;
  private badLines = 0;
  private hasDeltas = false;

  constructor(
    request: ModelRequest,
    private readonly upstream: Pick<Upstream, 'name' | 'apiKey'>,
  ) {
    this.wantsLogprobs = request.sampling.logprobs === true;
    this.calls = new ChatToolCalls(new CallIds(request.messages), (event) => this.batch.add(event));
  }

  get finished(): boolean {
    return this.finishReason !== undefined;
  }

  readEvent(data: string): void {
    if (this.done) return;
    if (data === '[DONE]') {
      this.done = true;
      return;
    }
    const chunk = this.parse(data);
    if (chunk) this.readChunk(chunk, 'delta');
  }

  readWhole(answer: JsonValue): void {
    const choices = isJsonObject(answer) ? answer['choices'] : undefined;
    if (isJsonObject(answer) && answer['error']) throw failureInStream(answer['error'], this.upstream);
    if (!isJsonObject(answer) || !Array.isArray(choices) || choices.length === 0) {
      throw upstreamError(this.upstream.name, 'upstream_invalid', 'answered without a choice');
    }
    this.readChunk(answer, 'message');
    // A whole document is complete even if it does not say why the model stopped.
    this.finishReason ??= 'stop';
    this.done = true;
  }

  take(): readonly ModelEvent[] {
    return this.batch.take();
  }

  /**
   * A stream without a finish reason is cut, even with [DONE], because proxies also write [DONE] after their own
   * failures.
   */
  end(): readonly ModelEvent[] {
    if (this.finishReason === undefined) {
      throw upstreamError(this.upstream.name, 'upstream_cut', 'ended its answer before it was finished');
    }
    const isCut = this.finishReason === 'length' || this.finishReason === 'content_filter';
    const count = this.calls.end({ isCut });
    this.sealReasoning();
    const finishReason = isCut ? this.finishReason : count > 0 ? 'tool_calls' : 'stop';
    const { usage, serviceTier } = this;
    for (const event of this.extras.takePages()) this.batch.add(event);
    const tier = serviceTier !== undefined && { serviceTier };
    return [...this.batch.take(), { type: 'end', finishReason, usage, ...tier }];
  }

  private parse(data: string): JsonObject | undefined {
    try {
      const chunk: JsonValue = JSON.parse(data);
      if (isJsonObject(chunk)) return chunk;
    } catch (cause) {
      this.countBadLine(cause);
      return undefined;
    }
    this.countBadLine(undefined);
    return undefined;
  }

  private countBadLine(cause: unknown): void {
    this.badLines++;
    if (this.badLines <= UPSTREAM_LIMITS.badLinesMax) return;
    throw upstreamError(this.upstream.name, 'upstream_invalid', 'sent events that are not JSON', { cause });
  }

  private readChunk(chunk: JsonObject, part: 'delta' | 'message'): void {
    if (chunk['error']) throw failureInStream(chunk['error'], this.upstream);
    // Some servers send running totals in every chunk: the last one counts.
    if (isJsonObject(chunk['usage'])) this.usage = toUsage(chunk['usage']);
    const tier = chunk['service_tier'];
    if (typeof tier === 'string' && tier !== '') this.serviceTier = tier.slice(0, TIER_CHARS_MAX);
    this.extras.readPages(chunk);
    const choice: unknown = Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined;
    if (!isJsonObject(choice) || (choice['index'] ?? 0) !== 0) return;
    if (isJsonObject(choice['usage'])) this.usage = toUsage(choice['usage']);
    const said = this.saidIn(choice, part);
    if (said) this.readDelta(said, choice);
    const finish = choice['finish_reason'];
    if (typeof finish === 'string' && finish !== '') this.finish(finish);
  }

  /**
   * Some servers send whole messages in their streams, or only the text (the older Completions API). After deltas a
   * message only repeats them.
   */
  private saidIn(choice: JsonObject, part: 'delta' | 'message'): JsonObject | undefined {
    const { delta, message, text } = choice;
    const own = part === 'delta' ? delta : message;
    if (isJsonObject(own) && hasContent(own)) {
      this.hasDeltas = true;
      return own;
    }
    if (this.hasDeltas) return undefined;
    if (isJsonObject(message) && hasContent(message)) return message;
    if (isJsonObject(delta) && hasContent(delta)) return delta;
    return typeof text === 'string' ? { content: text } : undefined;
  }

  private readDelta(delta: JsonObject, choice: JsonObject): void {
    const reasoning = this.reasoning.read(delta) || thinkingOf(delta['content']);
    if (reasoning !== '') this.batch.add({ type: 'reasoning', text: reasoning });
    const calls: unknown[] = Array.isArray(delta['tool_calls']) ? delta['tool_calls'] : [];
    const text = textOf(delta['content']);
    if (text !== '' || calls.length > 0) this.sealReasoning();
    const logprobs = this.wantsLogprobs && choice['logprobs'] ? logprobsOf(choice['logprobs']) : undefined;
    if (logprobs) this.batch.add({ type: 'text', text, logprobs });
    else if (text !== '') this.batch.add({ type: 'text', text });
    for (const event of this.extras.read(delta)) this.batch.add(event);
    const refusal = textOf(delta['refusal']);
    if (refusal !== '') this.batch.add({ type: 'refusal', text: refusal });
    if (calls.length > 0) this.calls.read(calls);
    // The older field for a single call.
    else if (isJsonObject(delta['function_call'])) this.calls.read([{ index: 0, function: delta['function_call'] }]);
  }

  private sealReasoning(): void {
    const seal = this.reasoning.takeSeal();
    if (seal) this.batch.add({ type: 'reasoning', text: '', seal });
  }

  private finish(word: string): void {
    if (word.toLowerCase() === 'error')
      throw upstreamError(this.upstream.name, 'upstream_error', 'failed while it answered');
    this.finishReason = toFinishReason(word);
  }
}

/** For a word that only the upstream knows. */
const TIER_CHARS_MAX = 64;

/** Whether there is anything besides the role. An empty text counts, because a server that sends one sends deltas. */
const hasContent = (message: JsonObject): boolean => Object.keys(message).some((key) => key !== 'role');

/** Mistral's reasoning: parts of the content that have a list of text parts each. */
function thinkingOf(content: unknown): string {
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => (isJsonObject(part) ? textOf(part['thinking']) : '')).join('');
}

/**
 * Most servers send text as a string. Mistral's reasoning models send a list of parts, whose text parts are the answer.
 */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => (isJsonObject(part) ? textOf(part['text']) : '')).join('');
}

function logprobsOf(logprobs: JsonValue): readonly JsonValue[] | undefined {
  const content = isJsonObject(logprobs) ? logprobs['content'] : undefined;
  return Array.isArray(content) && content.length > 0 ? content : undefined;
}

function toUsage(usage: JsonObject): Usage {
  const input = usage['prompt_tokens_details'];
  const output = usage['completion_tokens_details'];
  const written = count(isJsonObject(input) ? input['cache_write_tokens'] : undefined);
  return {
    inputTokens: count(usage['prompt_tokens']),
    outputTokens: count(usage['completion_tokens']),
    // DeepSeek uses a field of its own.
    cachedInputTokens: count(isJsonObject(input) ? input['cached_tokens'] : usage['prompt_cache_hit_tokens']),
    ...(written > 0 && { cacheWriteTokens: written }),
    reasoningTokens: count(isJsonObject(output) ? output['reasoning_tokens'] : undefined),
  };
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
