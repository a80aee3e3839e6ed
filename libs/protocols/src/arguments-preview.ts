import { isJsonObject, isTooDeep, type JsonObject, type JsonValue } from '#libs/contract';

const PREVIEW_CHARS_MAX = 80;

/**
 * The arguments of a call as an object. undefined when the model wrote something else, or something that cannot be
 * serialized again.
 */
export function parseArguments(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isJsonObject(value) && !isTooDeep(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * One short line that tells a human what a call is about: the first argument that is a non-blank string or a number,
 * cut at 80 characters. undefined when there is none.
 */
export function previewOf(argumentsText: string): string | undefined {
  const values = Object.values(parseArguments(argumentsText) ?? {});
  const telling = values.find((value) => typeof value === 'number' || (typeof value === 'string' && /\S/.test(value)));
  if (telling === undefined) return undefined;
  const line = String(telling)
    .slice(0, PREVIEW_CHARS_MAX * 4)
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length <= PREVIEW_CHARS_MAX
    ? line
    : `${line.slice(0, PREVIEW_CHARS_MAX - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
