import { setTimeout as wait } from 'node:timers/promises';
import type { FinishReason, ModelEvent, ModelProvider, ModelRequest, UpstreamSettings } from '#libs/contract';
import { replyTo } from './demo-reply.js';
import { demoEvents } from './demo-speech.js';
import { inputWords } from './demo-words.js';

export interface DemoOptions {
  /** Pause before each word; 0 for none. */
  readonly wordDelayMs?: number;
}

/** Slow enough to be visible, fast enough not to bore. */
const WORD_DELAY_MS = 15;

/**
 * The built-in model needs no key and no network, and nothing in it is random: the same request yields the same events.
 * It is the default when no upstream is configured, so that streaming, tools, limits and cancelling can be tried at
 * once. A word counts as a token.
 */
export function demoProvider(settings: UpstreamSettings, options: DemoOptions = {}): ModelProvider {
  const { wordDelayMs = WORD_DELAY_MS } = options;
  return {
    upstream: settings.name,
    stream: (request) => answer(request, wordDelayMs),
    listModels: async (signal) => {
      signal.throwIfAborted();
      return ['demo'];
    },
  };
}

async function* answer(request: ModelRequest, wordDelayMs: number): AsyncGenerator<ModelEvent> {
  const { sampling, signal } = request;
  const wordsMax = sampling.outputTokensMax ?? Infinity;
  let words = 0;
  let finishReason: FinishReason = 'stop';
  for (const event of demoEvents(replyTo(request), sampling.stop ?? [])) {
    if (event.type === 'tool_call') finishReason = 'tool_calls';
    else {
      if (words >= wordsMax) {
        finishReason = 'length';
        break;
      }
      words++;
      await pause(wordDelayMs, signal);
    }
    signal.throwIfAborted();
    yield event;
  }
  signal.throwIfAborted();
  const usage = { inputTokens: inputWords(request), outputTokens: words, cachedInputTokens: 0, reasoningTokens: 0 };
  yield { type: 'end', finishReason, usage };
}

/** Throws the signal's own reason when it ends the pause. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  try {
    await wait(ms, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
