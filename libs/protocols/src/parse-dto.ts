import { GatewayError, isJsonObject, type ErrorCode } from '#libs/contract';
import { getMetadataStorage, validateSync } from 'class-validator';
import { RULE_CODE } from './dto-rules.js';

/**
 * Makes a DTO of a request body: only the fields that the class declares with rules are looked at, as they are (no
 * conversion), so keys like `__proto__` or `constructor` go nowhere. null counts as absent.
 *
 * Throws GatewayError (400) for the first problem in the order of declaration, with the field as `param` and the code
 * of the broken rule: `missing_required_parameter`, `invalid_request`, ...
 */
export function parseDto<Dto extends object>(cls: new () => Dto, body: unknown): Dto {
  if (!isJsonObject(body)) throw new GatewayError('invalid_request', 'The body must be a JSON object.');
  const dto = new cls();
  for (const field of fieldsOf(cls)) {
    const value = Object.hasOwn(body, field) ? body[field] : undefined;
    if (value !== undefined && value !== null) Reflect.set(dto, field, value);
  }
  const [problem] = validateSync(dto, { skipMissingProperties: true, stopAtFirstError: true });
  if (!problem) return dto;
  const [rule, message] = Object.entries(problem.constraints ?? {})[0] ?? ['', `'${problem.property}' is invalid.`];
  const context: unknown = problem.contexts?.[rule];
  throw new GatewayError(codeOf(context), message, { param: problem.property });
}

const fieldLists = new WeakMap<object, readonly string[]>();

function fieldsOf(cls: new () => object): readonly string[] {
  const known = fieldLists.get(cls);
  if (known) return known;
  const rules = getMetadataStorage().getTargetValidationMetadatas(cls, '', false, false);
  const fields = [...new Set(rules.map((rule) => rule.propertyName))];
  fieldLists.set(cls, fields);
  return fields;
}

function codeOf(context: unknown): ErrorCode {
  const isRule = typeof context === 'object' && context !== null && RULE_CODE in context;
  return isRule ? (context[RULE_CODE] as ErrorCode) : 'invalid_request';
}
