import type { JsonObject, JsonValue } from '#libs/contract';
import { isFunctionName, NAME_PROBLEM } from '../function-name.js';
import { checkSchemaSize } from '../json-schema-size.js';
import {
  fieldOf,
  listOf,
  missing,
  optionalFlag,
  optionalPlace,
  optionalText,
  refuse,
  requiredPlace,
  requiredText,
  type Place,
} from '../request-place.js';
import { FUNCTION_NAME, object, text } from './fragments.js';

/**
 * One field of an object that occurs many times in a request: its JSON Schema, and the reader that enforces it. Readers
 * throw GatewayError that names the field. These objects are read field by field, because a validator that builds a
 * class for each of 2,000 messages would cost more than the rest of the request.
 */
export interface Field<T> {
  readonly schema: JsonObject;
  readonly isRequired: boolean;
  read(place: Place, key: string): T;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type Read<F> = F extends Field<infer T> ? T : never;
type OptionalKeys<F extends Fields> = { [K in keyof F]: undefined extends Read<F[K]> ? K : never }[keyof F];

/** The fields that an object has; absent ones have no key. */
export type Parsed<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Read<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: Exclude<Read<F[K]>, undefined> };

/** An object with its description and its reader. */
export interface ObjectShape<F extends Fields> {
  readonly schema: JsonObject;
  /** One field. */
  read<K extends keyof F & string>(place: Place, key: K): Read<F[K]>;
  /** Reads all fields, in the order of declaration. An error names the first wrong one. */
  parse(place: Place): Parsed<F>;
}

export function shape<F extends Fields>(fields: F): ObjectShape<F> {
  const entries = Object.entries(fields);
  const properties = Object.fromEntries(entries.map(([key, { schema }]) => [key, schema]));
  const required = entries.filter(([, { isRequired }]) => isRequired).map(([key]) => key);
  return {
    schema: object(properties, required),
    read: (place, key) => (fields[key] as Field<Read<F[typeof key]>>).read(place, key),
    parse(place) {
      const values = entries.map(([key, field]) => [key, field.read(place, key)] as const);
      return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Parsed<F>;
    },
  };
}

const required = <T>(schema: JsonObject, read: Field<T>['read']): Field<T> => ({ schema, isRequired: true, read });
const optional = <T>(schema: JsonObject, read: Field<T>['read']): Field<T> => ({ schema, isRequired: false, read });

/** A string that is not empty. */
export const filledText = (description: string): Field<string> => required(text(description), requiredText);

export const maybeText = (description: string): Field<string | undefined> => optional(text(description), optionalText);

export const maybeFlag = (): Field<boolean | undefined> => optional({ type: 'boolean' }, optionalFlag);

/** The word that identifies an object of this kind. The code that chose the shape has already compared it. */
export const kind = (value: string): Field<string> => required({ const: value }, requiredText);

/** The same, where the word may be omitted. */
export const maybeKind = (value: string): Field<string | undefined> => optional({ const: value }, optionalText);

export const oneOfWords = <W extends string>(...words: readonly [W, ...W[]]): Field<W> =>
  required({ enum: [...words] }, (place, key) => {
    const word = requiredText(place, key);
    const found = words.find((choice) => choice === word);
    if (found !== undefined) return found;
    throw refuse(`${place.path}.${key}`, `must be ${words.join(' or ')}.`);
  });

export const functionName = (): Field<string> =>
  required(FUNCTION_NAME, (place, key) => {
    const name = requiredText(place, key);
    if (isFunctionName(name)) return name;
    throw refuse(`${place.path}.${key}`, NAME_PROBLEM);
  });

/** The caller's JSON Schema, of at most LIMITS.toolSchemaBytesMax bytes. */
export const maybeJsonSchema = (description: string): Field<JsonObject | undefined> =>
  optional({ type: 'object', description }, (place, key) => {
    const schema = optionalPlace(place, key);
    if (schema) checkSchemaSize(schema);
    return schema?.object;
  });

export const innerObject = <F extends Fields>({ schema }: ObjectShape<F>): Field<Place> =>
  required(schema, requiredPlace);

/** A text of at most `charsMax` characters, which may be empty but not absent; the document does not show the bound. */
export const aLongText = (description: string, charsMax: number): Field<string> =>
  required(text(description), (place, key) => {
    const found = optionalText(place, key);
    const path = `${place.path}.${key}`;
    if (found === undefined) throw missing(path);
    if (found.length <= charsMax) return found;
    throw refuse(path, `must have at most ${charsMax} characters.`, 'string_above_max_length');
  });

/** A field that the document shows and that the object's reader checks. */
export const described = (schema: JsonObject, { isRequired = false } = {}): Field<JsonValue | undefined> => ({
  schema,
  isRequired,
  read: fieldOf,
});

/** At most `max` elements. @param items the schema of one, which the reader of the list checks. */
export const maybeList = (items: JsonObject, max: number): Field<readonly JsonValue[] | undefined> =>
  optional({ type: 'array', items, maxItems: max }, (place, key) => {
    const value = fieldOf(place, key);
    return value === undefined ? undefined : listOf(value, `${place.path}.${key}`, max);
  });

/** 1 to `max` elements. @param items the schema of one, which the reader of the list checks. */
export const aFilledList = (items: JsonObject, max: number): Field<readonly JsonValue[]> =>
  required({ type: 'array', items, minItems: 1 }, (place, key) => {
    const path = `${place.path}.${key}`;
    const value = fieldOf(place, key);
    if (value === undefined) throw missing(path);
    const list = listOf(value, path, max);
    if (list.length === 0) throw refuse(path, 'must not be empty.');
    return list;
  });
