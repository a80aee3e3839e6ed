import { LIMITS, type JsonObject, type JsonValue } from '#libs/contract';

/** Fields of the published API that ask for something which no answer of the gateway has: sound, stored answers. */
const NOT_HERE: ReadonlySet<string> = new Set(['store', 'audio', 'prediction', 'web_search_options']);
const NAME = /^[A-Za-z][\w.-]{0,63}$/;

export interface ExtraFields {
  /** Fields for the upstream, unchanged. */
  readonly extra: JsonObject;
  /** Names of the fields that are left out. */
  readonly leftOut: readonly string[];
}

/**
 * Fields that the gateway does not know: compatible servers have many of their own (`top_k`, `chat_template_kwargs`,
 * `thinking`). They are passed on up to LIMITS.extraFieldsMax and extraBytesMax; the others are named.
 */
export function extraFields(fields: JsonObject): ExtraFields {
  const extra: Record<string, JsonValue> = {};
  const leftOut: string[] = [];
  let bytes = 0;
  let count = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || asksForNothing(name, value)) continue;
    bytes += Buffer.byteLength(JSON.stringify(value));
    const fits = count < LIMITS.extraFieldsMax && bytes <= LIMITS.extraBytesMax;
    if (!fits || NOT_HERE.has(name) || !NAME.test(name)) leftOut.push(name);
    else {
      extra[name] = value;
      count++;
    }
  }
  return { extra, leftOut };
}

/** Default values that SDKs send explicitly. */
function asksForNothing(name: string, value: JsonValue): boolean {
  return value === null || (name === 'store' && value === false);
}
