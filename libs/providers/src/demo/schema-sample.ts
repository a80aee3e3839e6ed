import { isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';

interface SampleHints {
  /** Value for strings that the schema calls addresses. */
  readonly url?: string | undefined;
  /** For all other strings. */
  readonly word?: string | undefined;
}

/** References may nest schemas without end; a sample stops at this depth. */
const DEPTH_MAX = 8;

const BY_FORMAT: Readonly<Record<string, string>> = {
  date: '2000-01-01',
  'date-time': '2000-01-01T00:00:00Z',
  time: '00:00:00Z',
  email: 'demo@example.com',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/** A value that a JSON Schema is likely to accept, always the same: only required properties, filled by type. */
export function sampleOf(schema: JsonObject, hints: SampleHints = {}): JsonValue {
  return sample(schema, { ...hints, root: schema, name: '', depth: 0 });
}

interface Place extends SampleHints {
  readonly root: JsonObject;
  /** Name of the property that is being filled. */
  readonly name: string;
  readonly depth: number;
}

function sample(schema: JsonObject, place: Place): JsonValue {
  if (place.depth > DEPTH_MAX) return null;
  const given = [schema['const'], schema['default'], first(schema['enum']), first(schema['examples'])];
  const known = given.find((value) => value !== undefined);
  if (known !== undefined) return known;
  const deeper = { ...place, depth: place.depth + 1 };
  const other =
    resolve(schema, place.root) ?? first(schema['anyOf']) ?? first(schema['oneOf']) ?? first(schema['allOf']);
  if (isJsonObject(other)) return sample(other, deeper);
  switch (typeOf(schema)) {
    case 'string':
      return sampleString(schema, place);
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1;
    case 'boolean':
      return true;
    case 'array':
      return isJsonObject(schema['items']) && Number(schema['minItems']) > 0 ? [sample(schema['items'], deeper)] : [];
    case 'null':
      return null;
    default:
      return sampleObject(schema, deeper);
  }
}

function sampleObject(schema: JsonObject, place: Place): JsonObject {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  const names = required.filter((name) => typeof name === 'string');
  return Object.fromEntries(
    names.map((name) => {
      const property = properties[name];
      return [name, isJsonObject(property) ? sample(property, { ...place, name }) : 'demo'];
    }),
  );
}

function sampleString(schema: JsonObject, { name, url, word = 'demo' }: Place): string {
  const format = typeof schema['format'] === 'string' ? schema['format'] : '';
  if (format === 'uri' || format === 'url' || /^(url|uri|link)$/i.test(name)) return url ?? 'https://example.com/';
  return (Object.hasOwn(BY_FORMAT, format) ? BY_FORMAT[format] : undefined) ?? word;
}

/** The first type that is not null. Without a type, the other keywords of the schema decide. */
function typeOf(schema: JsonObject): unknown {
  const { type } = schema;
  if (Array.isArray(type)) return type.find((one) => one !== 'null') ?? 'null';
  return type;
}

/** The schema that a `$ref` into the same document (`#/$defs/City`) points to. */
function resolve(schema: JsonObject, root: JsonObject): JsonValue | undefined {
  const ref = schema['$ref'];
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return undefined;
  let at: JsonValue | undefined = root;
  for (const key of ref.slice(2).split('/')) at = isJsonObject(at) ? at[key] : undefined;
  return at;
}

function first(list: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(list) ? list[0] : undefined;
}
