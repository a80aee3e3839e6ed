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

/** What a request says of OpenAI's prompt cache beside its key, as it is sent on; undefined: nothing. */
export function promptCacheOf({ prompt_cache_retention, prompt_cache_options }: CacheFields): JsonObject | undefined {
  const fields = { prompt_cache_retention, prompt_cache_options };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}

/** What `cacheMark` says of a value that is none. */
export const MARK_PROBLEM = `must be an object of at most ${LIMITS.cacheMarkCharsMax} characters.`;

/** The mark on a part; undefined: there is none. null: the value is none, which is for the caller to refuse. */
export function cacheMark(part: JsonObject, form: CacheMark['form']): CacheMark | undefined | null {
  const value: JsonValue | undefined = part[CACHE_MARK_FIELDS[form]] ?? undefined;
  if (value === undefined) return undefined;
  const isMark = isJsonObject(value) && JSON.stringify(value).length <= LIMITS.cacheMarkCharsMax;
  return isMark ? { form, fields: value } : null;
}

/**
 * Whether some of the marks that a request's messages or items have stand where no message can carry them: on what an
 * assistant said, and on the system text in front.
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
