import { isJsonObject, type Usage } from '#libs/contract';

/**
 * Tokens of one answer. The counts of `message_start` and `message_delta` are running totals: a later one replaces an
 * earlier one, and a missing one changes nothing. `input_tokens` excludes tokens read from or written to the prompt
 * cache.
 */
export class MessageUsage {
  private input = 0;
  private cacheRead = 0;
  private cacheWritten = 0;
  private output = 0;
  private thinking = 0;
  /** The tier by OpenAI's name. */
  serviceTier: string | undefined;

  take(usage: unknown): void {
    if (!isJsonObject(usage)) return;
    this.input = count(usage['input_tokens']) ?? this.input;
    this.cacheRead = count(usage['cache_read_input_tokens']) ?? this.cacheRead;
    this.cacheWritten = count(usage['cache_creation_input_tokens']) ?? this.cacheWritten;
    this.output = count(usage['output_tokens']) ?? this.output;
    const tier = usage['service_tier'];
    if (typeof tier === 'string') this.serviceTier = tier === 'standard' ? 'default' : tier.slice(0, TIER_CHARS_MAX);
    const details = usage['output_tokens_details'];
    this.thinking = (isJsonObject(details) ? count(details['thinking_tokens']) : undefined) ?? this.thinking;
  }

  total(): Usage {
    return {
      inputTokens: this.input + this.cacheRead + this.cacheWritten,
      outputTokens: this.output,
      cachedInputTokens: this.cacheRead,
      ...(this.cacheWritten > 0 && { cacheWriteTokens: this.cacheWritten }),
      reasoningTokens: this.thinking,
    };
  }
}

const TIER_CHARS_MAX = 64;

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
