import { isJsonObject, LIMITS, type ClientTool, type JsonObject } from '#libs/contract';
import { optionalText, refuse, requiredText, type Place } from './request-place.js';

/** The one argument of a custom tool, for upstreams that know functions only. */
const INPUT = 'input';
/** A grammar is quoted to the model up to this length; a longer one would cost more than it helps. */
const GRAMMAR_CHARS_MAX = 16_384;

export interface Grammar {
  /** `lark`, `regex`. */
  readonly syntax: string;
  readonly definition: string;
}

/** `{syntax, definition}` of a custom tool's format. Throws GatewayError of status 400 that names the place. */
export function decodeGrammar(place: Place): Grammar {
  const definition = requiredText(place, 'definition');
  if (definition.length > LIMITS.toolSchemaBytesMax) {
    const problem = `must have at most ${LIMITS.toolSchemaBytesMax} characters.`;
    throw refuse(`${place.path}.definition`, problem, 'string_above_max_length');
  }
  return { syntax: optionalText(place, 'syntax') ?? 'lark', definition };
}

/**
 * A custom tool takes free text (OpenAI API reference, custom tools). The model is offered a function with one string
 * instead. A grammar cannot be enforced there, so it is described to the model in words.
 */
export function customFunction(
  name: string,
  description: string | undefined,
  grammar: Grammar | undefined,
): ClientTool {
  const rule = grammar && `The input must follow this ${grammar.syntax} grammar:\n${grammar.definition}`;
  const text = [description, rule?.slice(0, GRAMMAR_CHARS_MAX)].filter((part) => part !== undefined && part !== '');
  return {
    name,
    ...(text.length > 0 && { description: text.join('\n\n') }),
    parameters: CUSTOM_PARAMETERS,
  };
}

const CUSTOM_PARAMETERS: JsonObject = {
  type: 'object',
  properties: { [INPUT]: { type: 'string', description: 'The whole input, as plain text.' } },
  required: [INPUT],
  additionalProperties: false,
};

/** The free text of a custom call as arguments of the function that represents the tool. */
export function packCustomInput(input: string): string {
  return JSON.stringify({ [INPUT]: input });
}

/**
 * The free text in a model's arguments. Models that write the text itself, or name the argument differently, mean the
 * same: the only string of an object counts, and anything that is not an object is the text.
 */
export function unpackCustomInput(text: string): string {
  const value = parsed(text);
  if (typeof value === 'string') return value;
  if (!isJsonObject(value)) return text;
  const named = value[INPUT];
  if (typeof named === 'string') return named;
  const [only, ...others] = Object.values(value);
  return typeof only === 'string' && others.length === 0 ? only : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
