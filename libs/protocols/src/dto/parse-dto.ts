import { GatewayError, isJsonObject, type ErrorCode, type JsonObject } from '#libs/contract';
import { getMetadataStorage, validateSync } from 'class-validator';
import { RULE_CODE } from './dto-rules.js';
import { describedFields, keepsNull, othersProblem, type DtoClass } from './dto-schema.js';

/**
 * Makes a DTO from a request body, or from an object inside a body. Only fields that the class declares with rules are
 * read, and without conversion, so keys like `__proto__` or `constructor` have no effect. null counts as absent.
 *
 * Throws GatewayError (400) for the first problem in the order of declaration, with the field as `param` and the code
 * of the broken rule: `missing_required_parameter`, `invalid_request`, ...
 *
 * @param path of the object inside the body, for `param`: `response_format.json_schema`.
 */
export function parseDto<Dto extends object>(cls: DtoClass<Dto>, value: unknown, path?: string): Dto {
  const object = path === undefined ? bodyObject(value) : objectAt(value, path);
  refuseOthers(cls, object, path);
  const dto = new cls();
  // The validator takes an object of a class without rules for a mistake.
  if (fieldsOf(cls).length === 0) return dto;
  for (const field of fieldsOf(cls)) {
    const given = Object.hasOwn(object, field) ? object[field] : undefined;
    if (given === undefined || (given === null && !keepsNull(cls, field))) continue;
    Reflect.set(dto, field, given);
  }
  const [problem] = validateSync(dto, { skipMissingProperties: true, stopAtFirstError: true });
  if (!problem) return dto;
  const [rule, message] = Object.entries(problem.constraints ?? {})[0] ?? ['', `'${problem.property}' is invalid.`];
  const param = path === undefined ? problem.property : `${path}.${problem.property}`;
  const context: unknown = problem.contexts?.[rule];
  throw new GatewayError(
    codeOf(context),
    message.replace(`'${problem.property}'`, () => `'${param}'`),
    { param },
  );
}

/** A body that must be a JSON object. Throws GatewayError `invalid_request`. */
export function bodyObject(body: unknown): JsonObject {
  if (isJsonObject(body)) return body;
  throw new GatewayError('invalid_request', 'The body must be a JSON object.');
}

/** An empty array counts as an empty object, because clients written in PHP send one. */
function objectAt(value: unknown, path: string): JsonObject {
  if (isJsonObject(value)) return value;
  if (Array.isArray(value) && value.length === 0) return {};
  throw new GatewayError('invalid_request', `'${path}' must be an object.`, { param: path });
}

function refuseOthers(cls: DtoClass, object: JsonObject, path: string | undefined): void {
  const problem = othersProblem(cls);
  if (problem === undefined) return;
  const other = Object.keys(object).find((key) => !declaredBy(cls).has(key));
  if (other === undefined) return;
  const param = path === undefined ? other : `${path}.${other}`;
  throw new GatewayError('invalid_request', `'${param}' ${problem}`, { param });
}

/** The fields of an object that its class does not declare. */
export function otherFields(cls: DtoClass, object: JsonObject): JsonObject {
  const declared = declaredBy(cls);
  const names = Object.keys(object).filter((name) => !declared.has(name));
  return names.length === 0 ? NONE : Object.fromEntries(names.map((name) => [name, object[name]]));
}

const NONE: JsonObject = Object.freeze({});
const fieldSets = new WeakMap<object, ReadonlySet<string>>();

function declaredBy(cls: DtoClass): ReadonlySet<string> {
  const known = fieldSets.get(cls);
  if (known) return known;
  const declared = new Set(fieldsOf(cls));
  fieldSets.set(cls, declared);
  return declared;
}

const fieldLists = new WeakMap<object, readonly string[]>();

/** The fields with rules, and those that are only described, which their reader checks. */
export function fieldsOf(cls: DtoClass): readonly string[] {
  const known = fieldLists.get(cls);
  if (known) return known;
  const rules = getMetadataStorage().getTargetValidationMetadatas(cls, '', false, false);
  const fields = [...new Set([...rules.map((rule) => rule.propertyName), ...describedFields(cls)])];
  fieldLists.set(cls, fields);
  return fields;
}

/** The code of the first rule of a field. */
export function codeOfField(cls: DtoClass, field: string): ErrorCode {
  const rules = getMetadataStorage().getTargetValidationMetadatas(cls, '', false, false);
  return codeOf(rules.find((rule) => rule.propertyName === field)?.context);
}

function codeOf(context: unknown): ErrorCode {
  const isRule = typeof context === 'object' && context !== null && RULE_CODE in context;
  return isRule ? (context[RULE_CODE] as ErrorCode) : 'invalid_request';
}
