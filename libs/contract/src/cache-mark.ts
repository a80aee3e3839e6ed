import type { CacheMark, Message } from './message.js';

/** The field that marks where a cached prefix ends, by the API that defines it. */
export const CACHE_MARK_FIELDS = { openai: 'prompt_cache_breakpoint', anthropic: 'cache_control' } as const;

/** The marks of cached prefixes in a conversation, in order. */
export function cacheMarksOf(messages: readonly Message[]): readonly CacheMark[] {
  return messages.flatMap((message) => {
    if (message.role !== 'user') return message.cacheMark ?? [];
    return typeof message.content === 'string' ? [] : message.content.flatMap((part) => part.cacheMark ?? []);
  });
}
