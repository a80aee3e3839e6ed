import {
  CACHE_MARK_FIELDS,
  cacheMarksOf,
  isJsonObject,
  LIMITS,
  type CacheMark,
  type JsonObject,
  type JsonValue,
  type Message,
} from '#libs/contract';

interface CacheFields {
  readonly prompt_cache_retention?: string;
  readonly prompt_cache_options?: JsonObject;
}

/** The request's fields about OpenAI's prompt cache, except the key, unchanged. undefined when there are none. */
export function promptCacheOf({ prompt_cache_retention, prompt_cache_options }: CacheFields): JsonObject | undefined {
  const fields = { prompt_cache_retention, prompt_cache_options };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}

/** The error text for an invalid mark. */
export const MARK_PROBLEM = `must be an object of at most ${LIMITS.cacheMarkCharsMax} characters.`;

/** The mark on a part. undefined: there is none. null: the value is invalid, and the caller must refuse it. */
export function cacheMark(part: JsonObject, form: CacheMark['form']): CacheMark | undefined | null {
  const value: JsonValue | undefined = part[CACHE_MARK_FIELDS[form]] ?? undefined;
  if (value === undefined) return undefined;
  const isMark = isJsonObject(value) && JSON.stringify(value).length <= LIMITS.cacheMarkCharsMax;
  return isMark ? { form, fields: value } : null;
}

/**
 * Whether some marks of a request's messages or items are where no message can carry them: on the assistant's text, and
 * on the leading system text.
 */
export function losesCacheMarks(given: readonly unknown[], messages: readonly Message[]): boolean {
  const marked = given.reduce<number>((sum, one) => sum + marksIn(one), 0);
  return marked > 0 && marked > cacheMarksOf(messages).length;
}

function marksIn(message: unknown): number {
  if (!isJsonObject(message)) return 0;
  const parts = [message['content'], message['output']].flatMap((list) => (Array.isArray(list) ? list : []));
  return parts.filter((part: unknown) => isJsonObject(part) && isJsonObject(part[CACHE_MARK_FIELDS.openai])).length;
}
