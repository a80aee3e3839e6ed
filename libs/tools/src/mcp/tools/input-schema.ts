import { isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';

/** `schema` can be offered. `change` describes what had to be changed, if it was more than an empty list. */
export type ReadSchema =
  { readonly schema: JsonObject; readonly change?: string } | { readonly schema?: never; readonly why: string };

/**
 * The schema of a tool's arguments in the form that every upstream accepts: an object with `properties` and a list of
 * strings in `required`. OpenAI and Anthropic refuse the whole request because of one schema with alternatives at its
 * top or without `properties`. Alternatives at the top are joined into one object, because the server checks the
 * arguments in any case.
 */
export function readInputSchema(raw: JsonValue | undefined): ReadSchema {
  if (raw === undefined)
    return { schema: emptyObject, change: 'it has no inputSchema and is offered without arguments' };
  if (!isJsonObject(raw)) return { why: 'its inputSchema is not an object' };
  const flat = flatten(raw, { root: raw, left: PARTS_MAX }, 0);
  if (!flat) return { why: 'its inputSchema does not describe an object' };
  const joined = REFUSED_AT_TOP.filter((key) => raw[key] !== undefined);
  const kept = Object.fromEntries(Object.entries(raw).filter(([key]) => !REBUILT.has(key)));
  const { additionalProperties } = raw;
  const schema = {
    ...kept,
    type: 'object',
    properties: Object.fromEntries(flat.properties),
    ...(flat.required.length > 0 && { required: flat.required }),
    // `false` would forbid what the joined alternatives allow.
    ...(additionalProperties !== undefined && joined.length === 0 && { additionalProperties }),
  };
  const changes = [
    ...joined.map((key) => `its inputSchema has '${key}' at the top, which upstreams refuse`),
    ...(raw['required'] !== undefined && !isStrings(raw['required']) ? [`its 'required' is not a list of names`] : []),
  ];
  return { schema, ...(changes.length > 0 && { change: `${changes.join(', and ')}; it is offered without that` }) };
}

const emptyObject: JsonObject = { type: 'object', properties: {} };
const REFUSED_AT_TOP = ['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'enum', 'const', 'if'] as const;
const REBUILT: ReadonlySet<string> = new Set<string>([
  ...REFUSED_AT_TOP,
  'then',
  'else',
  'type',
  'properties',
  'required',
  'additionalProperties',
]);
const DEPTH_MAX = 8;
/** References can turn few parts into many: most parts of one schema that are examined. */
const PARTS_MAX = 1_000;

interface Walk {
  readonly root: JsonObject;
  left: number;
}

interface FlatObject {
  readonly properties: ReadonlyMap<string, JsonValue>;
  readonly required: readonly string[];
}

/**
 * All properties that an object may have by this schema. Undefined when it describes no object, or has too many parts.
 */
function flatten(schema: JsonObject, walk: Walk, depth: number): FlatObject | undefined {
  walk.left -= 1;
  if (depth > DEPTH_MAX || walk.left < 0 || !mayBeObject(schema['type'])) return undefined;
  const own = { properties: propertiesOf(schema), required: isStrings(schema['required']) ? schema['required'] : [] };
  const reference = schema['$ref'];
  const parts = reference === undefined ? [] : [lookUp(walk.root, reference)];
  parts.push(...listOf(schema['allOf']));
  let flat: FlatObject = own;
  for (const part of parts) {
    const found = isJsonObject(part) ? flatten(part, walk, depth + 1) : undefined;
    if (!found) return undefined;
    flat = { properties: merged(flat.properties, found.properties), required: union(flat.required, found.required) };
  }
  for (const key of ['anyOf', 'oneOf'] as const) {
    const alternatives = listOf(schema[key]);
    if (alternatives.length === 0) continue;
    const found = alternatives.flatMap((part) => (isJsonObject(part) ? (flatten(part, walk, depth + 1) ?? []) : []));
    const [first, ...others] = found;
    if (!first) return undefined;
    const always = first.required.filter((name) => others.every(({ required }) => required.includes(name)));
    const properties = found.reduce((all, part) => merged(all, part.properties), flat.properties);
    flat = { properties, required: union(flat.required, always) };
  }
  return flat;
}

function mayBeObject(type: JsonValue | undefined): boolean {
  return type === undefined || type === null || type === 'object' || (Array.isArray(type) && type.includes('object'));
}

function propertiesOf({ properties }: JsonObject): Map<string, JsonValue> {
  if (!isJsonObject(properties)) return new Map();
  return new Map(Object.entries(properties).flatMap(([name, value]) => (isSchema(value) ? [[name, value]] : [])));
}

function isSchema(value: JsonValue | undefined): value is JsonObject | boolean {
  return typeof value === 'boolean' || isJsonObject(value);
}

/** A property that two parts describe differently may match either description. */
function merged(a: ReadonlyMap<string, JsonValue>, b: ReadonlyMap<string, JsonValue>): Map<string, JsonValue> {
  const all = new Map(a);
  for (const [name, value] of b) {
    const known = all.get(name);
    const isSame = known === undefined || JSON.stringify(known) === JSON.stringify(value);
    all.set(name, isSame ? value : { anyOf: [known, value] });
  }
  return all;
}

/** The target of a pointer within the schema itself (`#/$defs/Name`). Undefined when there is none. */
function lookUp(root: JsonObject, reference: JsonValue): JsonValue | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return undefined;
  let at: JsonValue | undefined = root;
  for (const step of reference.slice(2).split('/')) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}

const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];
function isStrings(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
