import { isJsonObject, type ErrorCode } from '#libs/contract';
import { IsDefined, ValidateBy } from 'class-validator';

/** Where a rule keeps its error code in class-validator's `context`. */
export const RULE_CODE = 'code';

/**
 * A rule for a top-level field of a request, for `parseDto`. `problem` goes on after the field's name: "must be a
 * string." Absent fields (null included) are not asked; see `Required`.
 */
export function Rule(
  isFine: (value: unknown) => boolean,
  problem: string,
  code: ErrorCode = 'invalid_request',
): PropertyDecorator {
  const validator = { validate: isFine, defaultMessage: () => `'$property' ${problem}` };
  return ValidateBy({ name: `${code}: ${problem}`, validator }, { context: { [RULE_CODE]: code } });
}

export function Required(): PropertyDecorator {
  const code: ErrorCode = 'missing_required_parameter';
  return IsDefined({ message: "'$property' is required.", context: { [RULE_CODE]: code } });
}

/** A field whose meaning the gateway does not have: refused, because ignoring it would answer another question. */
export function Unsupported(problem: string): PropertyDecorator {
  return Rule(() => false, problem, 'unsupported_parameter');
}

export function IsTrueOrFalse(): PropertyDecorator {
  return Rule((value) => typeof value === 'boolean', 'must be true or false.');
}

/** A finite number; JSON.parse makes Infinity of 1e400. */
export function IsNumberBetween(min: number, max: number): PropertyDecorator {
  const isFine = (value: unknown): boolean => typeof value === 'number' && value >= min && value <= max;
  return Rule(isFine, `must be a number between ${min} and ${max}.`);
}

export function IsIntegerBetween(min: number, max: number): PropertyDecorator {
  const isFine = (value: unknown): boolean =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  return Rule(isFine, `must be an integer between ${min} and ${max}.`);
}

/** An integer that survives JSON unchanged: within 2^53. */
export function IsInteger(): PropertyDecorator {
  return Rule(Number.isSafeInteger, 'must be an integer that fits into 53 bits.');
}

export function IsPositiveInteger(): PropertyDecorator {
  return Rule((value) => Number.isSafeInteger(value) && Number(value) >= 1, 'must be an integer of at least 1.');
}

/** A string of 1 to `charsMax` characters. */
export function IsText(charsMax: number): PropertyDecorator {
  const isFine = (value: unknown): boolean => typeof value === 'string' && value !== '' && value.length <= charsMax;
  return Rule(isFine, `must be a string of 1 to ${charsMax} characters.`);
}

export function IsOneOf(...choices: readonly string[]): PropertyDecorator {
  return Rule((value) => choices.includes(value as string), `must be one of ${choices.join(', ')}.`);
}

export function IsList(): PropertyDecorator {
  return Rule(Array.isArray, 'must be an array.');
}

/** Other types than arrays pass; another rule judges them. */
export function HasElementsUpTo(max: number): PropertyDecorator {
  const isFine = (value: unknown): boolean => !Array.isArray(value) || value.length <= max;
  return Rule(isFine, `must have at most ${max} elements.`, 'array_above_max_length');
}

export function IsObject(): PropertyDecorator {
  return Rule(isJsonObject, 'must be an object.');
}
