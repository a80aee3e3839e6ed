import { isJsonObject, type JsonObject } from '#libs/contract';

interface CacheFields {
  readonly prompt_cache_retention?: string;
  readonly prompt_cache_options?: JsonObject;
}

/** What a request says of OpenAI's prompt cache beside its key, as it is sent on; undefined: nothing. */
export function promptCacheOf({ prompt_cache_retention, prompt_cache_options }: CacheFields): JsonObject | undefined {
  const fields = { prompt_cache_retention, prompt_cache_options };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}

/** Whether parts of messages mark where a cached prefix ends: the marks go no further. */
export function hasCacheBreakpoints(messages: readonly unknown[]): boolean {
  return messages.some((message) => {
    const content = isJsonObject(message) ? message['content'] : undefined;
    return Array.isArray(content) && content.some((part: unknown) => isJsonObject(part) && isMarked(part));
  });
}

const isMarked = ({ prompt_cache_breakpoint: mark }: JsonObject): boolean => mark !== undefined && mark !== null;
