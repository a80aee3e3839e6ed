import { isJsonObject, type ErrorCode, type JsonObject } from '#libs/contract';
import { IsDefined, ValidateBy } from 'class-validator';
import { Described, Listed } from './dto-schema.js';

/** Where a rule keeps its error code in class-validator's `context`. */
export const RULE_CODE = 'code';

/**
 * A rule for one field of a DTO, for `parseDto`. `problem` continues a sentence that begins with the field's name:
 * "must be a string." Absent fields (null included) are not checked; see `Required`. With `schema` the field is in
 * the document.
 */
export function Rule(
  isFine: (value: unknown) => boolean,
  problem: string,
  code: ErrorCode = 'invalid_request',
  schema?: JsonObject,
): PropertyDecorator {
  const validator = { validate: isFine, defaultMessage: () => `'$property' ${problem}` };
  const check = ValidateBy({ name: `${code}: ${problem}`, validator }, { context: { [RULE_CODE]: code } });
  return schema ? both(check, Described(schema)) : check;
}

/** @param problem continues the field's name, as for `Rule`. */
export function Required(
  code: ErrorCode = 'missing_required_parameter',
  problem: string = 'is required.',
): PropertyDecorator {
  return both(IsDefined({ message: `'$property' ${problem}`, context: { [RULE_CODE]: code } }), Listed());
}

/** A field with a meaning that the gateway lacks. It is refused, because ignoring it would answer another question. */
export function Unsupported(problem: string): PropertyDecorator {
  return Rule(() => false, problem, 'unsupported_parameter');
}

export function IsTrueOrFalse(): PropertyDecorator {
  return Rule((value) => typeof value === 'boolean', 'must be true or false.', 'invalid_request', { type: 'boolean' });
}

/** Also accepts words, because clients of the Hermes API server send flags as strings. */
export function IsFlag(): PropertyDecorator {
  const isFine = (value: unknown): boolean => typeof value === 'boolean' || value === 'true' || value === 'false';
  return Rule(isFine, 'must be true or false.', 'invalid_request', { type: 'boolean' });
}

/** A finite number, because JSON.parse turns 1e400 into Infinity. */
export function IsNumberBetween(minimum: number, maximum: number): PropertyDecorator {
  const isFine = (value: unknown): boolean => typeof value === 'number' && value >= minimum && value <= maximum;
  const schema = { type: 'number', minimum, maximum };
  return Rule(isFine, `must be a number between ${minimum} and ${maximum}.`, 'invalid_request', schema);
}

export function IsIntegerBetween(minimum: number, maximum: number): PropertyDecorator {
  const isFine = (value: unknown): boolean =>
    Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
  const schema = { type: 'integer', minimum, maximum };
  return Rule(isFine, `must be an integer between ${minimum} and ${maximum}.`, 'invalid_request', schema);
}

/** An integer that survives JSON unchanged: within 2^53. */
export function IsInteger(): PropertyDecorator {
  const problem = 'must be an integer that fits into 53 bits.';
  return Rule(Number.isSafeInteger, problem, 'invalid_request', { type: 'integer' });
}

export function IsPositiveInteger(): PropertyDecorator {
  const isFine = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 1;
  return Rule(isFine, 'must be an integer of at least 1.', 'invalid_request', { type: 'integer', minimum: 1 });
}

/** A bound of tokens or calls. -1, which clients of local servers send, is no bound, on every protocol. */
export function IsTokenBound(): PropertyDecorator {
  const isFine = (value: unknown): boolean => Number.isSafeInteger(value) && (Number(value) >= 1 || value === -1);
  const schema = { type: 'integer', minimum: 1, description: 'At least 1; -1 is taken for no bound.' };
  return Rule(isFine, 'must be an integer of at least 1, or -1 for no bound.', 'invalid_request', schema);
}

/** The bound after `IsTokenBound`; undefined for none. */
export function tokenBound(value: number | undefined): number | undefined {
  return value === -1 ? undefined : value;
}

/** Any string, including the empty one. */
export function IsString(): PropertyDecorator {
  return Rule((value) => typeof value === 'string', 'must be a string.', 'invalid_request', { type: 'string' });
}

/** A string of 1 to `maxLength` characters. */
export function IsText(maxLength: number): PropertyDecorator {
  const isFine = (value: unknown): boolean => typeof value === 'string' && value !== '' && value.length <= maxLength;
  const schema = { type: 'string', minLength: 1, maxLength };
  return Rule(isFine, `must be a string of 1 to ${maxLength} characters.`, 'invalid_request', schema);
}

export function IsOneOf(...choices: readonly string[]): PropertyDecorator {
  const isFine = (value: unknown): boolean => choices.includes(value as string);
  return Rule(isFine, `must be one of ${choices.join(', ')}.`, 'invalid_request', {
    type: 'string',
    enum: [...choices],
  });
}

/** @param items the schema of an element, which the reader of the list checks. */
export function IsList(items?: JsonObject): PropertyDecorator {
  return Rule(Array.isArray, 'must be an array.', 'invalid_request', { type: 'array', ...(items && { items }) });
}

export function HasElements(): PropertyDecorator {
  return both(Rule(isFilled, NOT_EMPTY), Described({ minItems: 1 }));
}

/** Accepts other types than arrays; another rule checks those. */
export function HasElementsUpTo(maxItems: number): PropertyDecorator {
  return both(ruleOfLength(maxItems), Described({ maxItems }));
}

/** An array of strings of at most `maxItems` elements. */
export function IsListOfStrings(maxItems: number): PropertyDecorator {
  const isFine = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');
  const schema = { type: 'array', items: { type: 'string' }, maxItems };
  return both(Rule(isFine, 'must be an array of strings.', 'invalid_request', schema), ruleOfLength(maxItems));
}

/** @param list the schema of the array; its `minItems` (0 or 1) and `maxItems` are enforced. */
export function IsTextOrList(
  list: JsonObject & { readonly minItems?: 0 | 1; readonly maxItems?: number },
  { elements = '', text = { type: 'string' } }: { readonly elements?: string; readonly text?: JsonObject } = {},
): PropertyDecorator {
  const isFine = (value: unknown): boolean => typeof value === 'string' || Array.isArray(value);
  const problem = `must be a string or an array${elements === '' ? '' : ` of ${elements}`}.`;
  const type = Rule(isFine, problem, 'invalid_request', { oneOf: [text, { type: 'array', ...list }] });
  const length = list.maxItems === undefined ? type : both(type, ruleOfLength(list.maxItems));
  return list.minItems === 1 ? both(length, Rule(isFilled, NOT_EMPTY)) : length;
}

/** @param oneOf the schemas of the allowed objects; the reader of the object checks its contents. */
export function IsTextOrObject(...oneOf: readonly JsonObject[]): PropertyDecorator {
  const isFine = (value: unknown): boolean => typeof value === 'string' || isJsonObject(value);
  return Rule(isFine, 'must be a string or an object.', 'invalid_request', { oneOf });
}

/**
 * Accepts an empty array as an empty object, because clients written in PHP send one.
 * @param schema of the object; its reader checks the contents.
 */
export function IsObject(schema: JsonObject = { type: 'object' }): PropertyDecorator {
  const isFine = (value: unknown): boolean => isJsonObject(value) || (Array.isArray(value) && value.length === 0);
  return Rule(isFine, 'must be an object.', 'invalid_request', schema);
}

const NOT_EMPTY = 'must not be empty.';

const isFilled = (value: unknown): boolean => !Array.isArray(value) || value.length > 0;

function ruleOfLength(max: number): PropertyDecorator {
  const isFine = (value: unknown): boolean => !Array.isArray(value) || value.length <= max;
  return Rule(isFine, `must have at most ${max} elements.`, 'array_above_max_length');
}

function both(first: PropertyDecorator, second: PropertyDecorator): PropertyDecorator {
  return (prototype, field) => {
    second(prototype, field);
    first(prototype, field);
  };
}
