import type { JsonObject, RefusedField } from '#libs/contract';
import type { Words } from './error-words.js';

/** Without these a request would mean something else, or nothing at all. */
const KEPT: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'stream',
  'tool_choice',
  'response_format',
  'input',
  'dimensions',
]);
/** English words: a sentence that contains them may not be about the field. */
const COMMON_WORDS: ReadonlySet<string> = new Set(['user', 'stop', 'seed', 'n', 'store', 'metadata', 'reasoning']);

/** The server does not support the field. */
const UNSUPPORTED =
  /\b(not|un|n't|no longer) ?(be )?(currently )?(support(ed)?|permitted|allowed|accepted|recognized|available|enabled|expected|known|implemented)|\bun(supported|recognized|known|expected)\b|\bdeprecated\b|\bdoes(n't| not) (support|accept|allow)|\bextra (inputs?|fields?|forbidden)|extra_forbidden|additional propert|\binvalid (argument|parameter|field)|\bcannot (both )?be (used|specified|set)|\b(remove|omit)\b|\b(only|must be) (the )?(default|\d+(\.\d+)? is|allowed)|no such field|\bfields? (is|are) not\b/i;
const UNSUPPORTED_CODES: ReadonlySet<string> = new Set([
  'unsupported_parameter',
  'unsupported_value',
  'unknown_parameter',
  'extra_forbidden',
  'value_error.extra',
]);
/** The server supports the field, but not this value. */
const OF_VALUE =
  /\bonly\b[^.]{0,40}\b(allowed|default|supported)|supported (values|options)|unsupported value|\bnot support(ed)? (\d|'[^']*'\s+with)|\bwith this value|must be (one of|set to|\d)|\bcannot both\b|\bboth\b/i;

const NO_TOOLS =
  /\b(tools?|function[ _-]?call(s|ing)?|functions)\b[^.]{0,60}\b(not|un|n't|isn't) ?(supported|available|enabled|allowed)|\b(not|n't|no)\b[^.]{0,40}\bsupports? (for )?(the )?(use of )?(tools?|tool[ _-]?(use|calls?|calling)|function[ _-]?call(s|ing)?|functions)\b|no endpoints found that support tool|requires --enable-auto-tool-choice|--tool-call-parser|--jinja/i;
const SHORT_CALL_IDS = /tool[ _]call[ _]id[^.]{0,80}length of 9/i;

/** Part of an error's text that is examined. */
const TEXT_CHARS_MAX = 2_000;
/** A longer value is not remembered, so the field is refused again each time. */
const VALUE_CHARS_MAX = 128;

/** Used instead of a field's name when an upstream requires the short call ids of Mistral. */
export const CALL_IDS = 'tool_call_id';

export interface SentRequest {
  readonly body: JsonObject;
  /** The caller did not ask for the tools, and can be answered without them. */
  readonly toolsAreOptional: boolean;
  /** Names of fields inside messages without which the request means the same. */
  readonly innerFields?: readonly string[];
  /** Names of features that a header switches on. */
  readonly features?: Features;
}

/** A header that lists names of features, and the names in one request. */
export interface Features {
  readonly header: string;
  readonly names: readonly string[];
}

/**
 * Fields of a request that the answer refuses by name: as `param`, in FastAPI's `loc`, or in words. They have a `value`
 * where the upstream supports the field but not this value, so that other values are still sent. Only fields without
 * which the request still means the same count. Empty when the refusal is about something else.
 */
export function refusedFields(
  words: Words,
  { body, toolsAreOptional, innerFields = [], features }: SentRequest,
): readonly RefusedField[] {
  const message = (words.message ?? '').slice(0, TEXT_CHARS_MAX);
  if (SHORT_CALL_IDS.test(message)) return [{ name: CALL_IDS }];
  if ('tools' in body && NO_TOOLS.test(message)) return toolsAreOptional ? [{ name: 'tools' }] : [];
  const isUnsupported =
    UNSUPPORTED.test(message) || [words.code, words.type].some((word) => UNSUPPORTED_CODES.has(word ?? ''));
  if (!isUnsupported) return [];
  const hidden = [...refusedFeatures(message, features), ...refusedInside(innerFields, message, words.param)];
  if (hidden.length > 0) return hidden;
  const names = Object.keys(body).filter((name) => !KEPT.has(name) && (name !== 'tools' || toolsAreOptional));
  const byPath = names.filter((name) => isPath(words.param, name));
  const named = byPath.length > 0 ? byPath : names.filter((name) => isNamed(message, name));
  const refused = /\bboth\b/i.test(message) ? named.slice(-1) : named;
  const isOfValue =
    words.code === 'unsupported_value' || (OF_VALUE.test(message) && words.code !== 'unsupported_parameter');
  return refused.flatMap((name) => (isOfValue ? withValue(name, body[name]) : [{ name }]));
}

function withValue(name: string, value: JsonObject[string]): RefusedField[] {
  const text = JSON.stringify(value) ?? '';
  return [{ name, value: text.slice(0, VALUE_CHARS_MAX) }];
}

/**
 * Whether the path is the field itself or, for fields that the gateway adds, a part of it. A part of `tools` is a
 * faulty tool.
 */
function isPath(param: string | undefined, name: string): boolean {
  if (param === undefined) return false;
  return param === name || (name !== 'tools' && param.startsWith(`${name}.`));
}

/** The form in which an unknown feature is remembered. */
export const featureOf = (header: string, name: string): RefusedField => ({
  name: header,
  value: JSON.stringify(name),
});

const hasWord = (text: string, word: string): boolean =>
  text.split(/[^\w.-]+/).some((some) => some.replace(/\.$/, '') === word);

const refusedFeatures = (message: string, features?: Features): RefusedField[] =>
  features?.names.filter((name) => hasWord(message, name)).map((name) => featureOf(features.header, name)) ?? [];

const refusedInside = (names: readonly string[], ...texts: readonly (string | undefined)[]): RefusedField[] =>
  names.filter((name) => texts.some((text) => isInside(text, name))).map((name) => ({ name }));

/** A path that ends with the name, or a sentence with such a path: `messages.0.content.0.cache_control`. */
function isInside(text: string | undefined, name: string): boolean {
  return text !== undefined && new RegExp(String.raw`(?:[.\]]|['"\x60])${name}(?!\w|\.\w)`).test(text);
}

function isNamed(message: string, name: string): boolean {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const isCommon = COMMON_WORDS.has(name) || name === 'tools';
  const marked = String.raw`['"\x60]${escaped}['"\x60]|\b(?:parameters?|arguments?|fields?|inputs?|keys?|supplied|permitted|property):? ${escaped}\b|^${escaped}(?: is|:)`;
  return new RegExp(isCommon ? marked : String.raw`(?<![\w.])${escaped}(?![\w])`, 'i').test(message);
}

/** The request body without the fields that its upstream refuses, and the names of those that were in it. */
export function leaveOut(
  body: JsonObject,
  without: readonly RefusedField[],
): { readonly body: JsonObject; readonly leftOut: readonly string[] } {
  const leftOut = without
    .filter(({ name, value }) => name in body && isRefusedValue(body[name], value))
    .map(({ name }) => name);
  if (leftOut.length === 0) return { body, leftOut };
  // These fields are refused without tools.
  const gone = leftOut.includes('tools') ? [...leftOut, 'tool_choice', 'parallel_tool_calls'] : leftOut;
  return { body: Object.fromEntries(Object.entries(body).filter(([name]) => !gone.includes(name))), leftOut };
}

function isRefusedValue(value: JsonObject[string], refused: string | undefined): boolean {
  return refused === undefined || (JSON.stringify(value) ?? '').slice(0, VALUE_CHARS_MAX) === refused;
}
