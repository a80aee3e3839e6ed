import { GatewayError, isJsonObject, type ErrorCode, type JsonObject, type JsonValue } from '#libs/contract';

/** An object inside a request, and the path that errors name it by: `messages[3].content[1]`. */
export interface Place {
  readonly object: JsonObject;
  readonly path: string;
}

/** The refusal of one field. `problem` continues the path: "must be a string." */
export function refuse(path: string, problem: string, code: ErrorCode = 'invalid_request'): GatewayError {
  return new GatewayError(code, `'${path}' ${problem}`, { param: path });
}

export function missing(path: string): GatewayError {
  return refuse(path, 'is required.', 'missing_required_parameter');
}

/** Throws GatewayError `invalid_request` unless the value is an object. */
export function placeOf(value: unknown, path: string): Place {
  if (!isJsonObject(value)) throw refuse(path, 'must be an object.');
  return { object: value, path };
}

/** An own field; null counts as absent. */
export function fieldOf({ object }: Place, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? (object[key] ?? undefined) : undefined;
}

/** An empty array counts as absent, because clients written in PHP send one for an empty object. */
export function optionalPlace(place: Place, key: string): Place | undefined {
  const value = fieldOf(place, key);
  const isEmptyList = Array.isArray(value) && value.length === 0;
  return value === undefined || isEmptyList ? undefined : placeOf(value, `${place.path}.${key}`);
}

export function requiredPlace(place: Place, key: string): Place {
  const found = optionalPlace(place, key);
  if (!found) throw missing(`${place.path}.${key}`);
  return found;
}

export function optionalText(place: Place, key: string): string | undefined {
  const value = fieldOf(place, key);
  if (value === undefined || typeof value === 'string') return value;
  throw refuse(`${place.path}.${key}`, 'must be a string.');
}

/** A string that is present and not empty. */
export function requiredText(place: Place, key: string): string {
  const text = optionalText(place, key);
  if (text === undefined) throw missing(`${place.path}.${key}`);
  if (text === '') throw refuse(`${place.path}.${key}`, 'must not be empty.');
  return text;
}

export function optionalFlag(place: Place, key: string): boolean | undefined {
  const value = fieldOf(place, key);
  if (value === undefined || typeof value === 'boolean') return value;
  throw refuse(`${place.path}.${key}`, 'must be true or false.');
}

/** An array, at most `max` long; `array_above_max_length` beyond it. */
export function listOf(value: unknown, path: string, max: number): readonly JsonValue[] {
  if (!Array.isArray(value)) throw refuse(path, 'must be an array.');
  if (value.length > max) throw refuse(path, `must have at most ${max} elements.`, 'array_above_max_length');
  return value;
}
