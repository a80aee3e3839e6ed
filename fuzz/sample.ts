import type { Random } from './random.js';

/** As much of JSON Schema as our documents use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly example?: unknown;
  readonly default?: unknown;
}

type Schemas = Readonly<Record<string, Schema>>;
const DEPTH_MAX = 8;

/** A value that fits a schema as far as that can be told without looking at patterns. */
export function sample(schema: Schema, schemas: Schemas, random: Random, depth = 0): unknown {
  if (depth > DEPTH_MAX) return null;
  const inner = (next: Schema): unknown => sample(next, schemas, random, depth + 1);
  if (schema.$ref !== undefined) return inner(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  if (schema.example !== undefined) return structuredClone(schema.example);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return random.pick(schema.enum);
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants) return inner(random.pick(variants));
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(inner)) as unknown;
  switch (typeOf(schema, random)) {
    case 'object':
      return sampleObject(schema, inner, random);
    case 'array':
      return Array.from({ length: random.below(3) }, () => inner(schema.items ?? {}));
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, Math.min(schema.maximum ?? 10, 1 + random.below(10)));
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    default:
      return random.pick(['hello', 'talaria', 'a', '*/5 * * * *', 'https://example.com/hook', 'user']);
  }
}

function sampleObject({ properties = {}, required = [] }: Schema, inner: (schema: Schema) => unknown, random: Random) {
  const kept = Object.entries(properties).filter(([name]) => required.includes(name) || random.chance(0.4));
  return Object.fromEntries(kept.map(([name, schema]) => [name, inner(schema)]));
}

function typeOf({ type, properties }: Schema, random: Random): string {
  if (typeof type === 'string') return type;
  if (type) return random.pick(type);
  return properties ? 'object' : 'string';
}
