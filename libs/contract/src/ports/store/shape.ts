import { isJsonObject } from '../../json.js';

/**
 * The least that a value from a wire must be. Returns the path of the first part that is missing or malformed, such as
 * `claims[2].job.id`, or undefined when the value is fine. `path` is the position of the value. Fields that a shape
 * does not name may hold anything, so that another version may add some.
 */
export type Shape = (value: unknown, path: string) => string | undefined;

const shape =
  (isRight: (value: unknown) => boolean): Shape =>
  (value, path) =>
    isRight(value) ? undefined : path;

export const aText = shape((value) => typeof value === 'string');
export const aNumber = shape(Number.isFinite);
export const aFlag = shape((value) => typeof value === 'boolean');
export const aNull = shape((value) => value === null);

/** A whole number within these bounds, inclusive. */
export const aWhole = (min: number, max: number): Shape =>
  shape((value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max);

export const oneOf = (words: readonly string[]): Shape =>
  shape((value) => typeof value === 'string' && words.includes(value));

export const anObject =
  (fields: Readonly<Record<string, Shape>> = {}): Shape =>
  (value, path) => {
    if (!isJsonObject(value)) return path;
    const known = Object.entries(fields);
    return firstOf(known, ([name, field]) => field(own(value, name), path === '' ? name : `${path}.${name}`));
  };

export const listOf =
  (entry: Shape): Shape =>
  (value, path) => {
    if (!Array.isArray(value)) return path;
    return firstOf([...value.entries()], ([i, one]: [number, unknown]) => entry(one, `${path}[${i}]`));
  };

/** Absent, or of the given shape. */
export const optional =
  (given: Shape): Shape =>
  (value, path) =>
    value === undefined ? undefined : given(value, path);

export const orNull =
  (given: Shape): Shape =>
  (value, path) =>
    value === null ? undefined : given(value, path);

/** A name such as `constructor` is a field only when somebody sent it. */
const own = (object: object, name: string): unknown =>
  Object.hasOwn(object, name) ? (object as Readonly<Record<string, unknown>>)[name] : undefined;

function firstOf<T>(items: readonly T[], look: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
