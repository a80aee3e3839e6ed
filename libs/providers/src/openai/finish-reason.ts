import type { FinishReason } from '#libs/contract';

/** Finish reasons of servers, in lower case: OpenAI's names, and those that other servers pass through. */
const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  eos: 'stop',
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  model_context_window_exceeded: 'length',
  tool_calls: 'tool_calls',
  tool_use: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
  safety: 'content_filter',
  recitation: 'content_filter',
  refusal: 'content_filter',
};

/** An unknown word still says that the model stopped by itself. */
export function toFinishReason(word: string): FinishReason {
  const key = word.toLowerCase();
  return (Object.hasOwn(REASONS, key) ? REASONS[key] : undefined) ?? 'stop';
}
