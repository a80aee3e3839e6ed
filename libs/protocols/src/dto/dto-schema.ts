import type { JsonObject, JsonValue } from '#libs/contract';

export type DtoClass<Dto extends object = object> = new () => Dto;

/** The facts that the rules of one class state about its fields, in the order of declaration. */
interface Shape {
  readonly properties: Map<string, JsonObject>;
  readonly required: Set<string>;
  readonly nullable: Set<string>;
  example?: JsonObject;
  /** Why other fields are refused; absent: they are ignored. */
  othersProblem?: string;
}

/** By prototype, because a property decorator gets nothing else of its class. */
const shapes = new WeakMap<object, Shape>();

/**
 * Adds to the JSON Schema of a field. Decorators run from the last to the first, so the keys come in the order of the
 * source. A key that a later decorator has set is kept.
 */
export function Described(fragment: JsonObject | string): PropertyDecorator {
  const added = typeof fragment === 'string' ? { description: fragment } : fragment;
  return (prototype, field) => {
    const { properties } = shapeOf(prototype);
    properties.set(String(field), { ...added, ...properties.get(String(field)) });
  };
}

/** Lists a field among those that a body must have. */
export function Listed(): PropertyDecorator {
  return (prototype, field) => void shapeOf(prototype).required.add(String(field));
}

/** A field whose null is not the same as its absence. */
export function KeepsNull(): PropertyDecorator {
  return (prototype, field) => void shapeOf(prototype).nullable.add(String(field));
}

/** Refuses fields that the class does not have. `problem` continues a sentence that begins with the field's name. */
export function NothingElse(problem: string): ClassDecorator {
  return (cls) => void (shapeOf(cls.prototype as object).othersProblem = problem);
}

/** An example body for the documentation page. */
export function Example(example: JsonObject): ClassDecorator {
  return (cls) => void (shapeOf(cls.prototype as object).example = example);
}

/**
 * The JSON Schema of a DTO class, made of its rules: its own fields first, then those that it inherits. The value
 * that a field has in a new instance is its default.
 */
export function schemaOf(cls: DtoClass): JsonObject {
  const chain = shapesOf(cls);
  const blank = new cls() as Readonly<Record<string, JsonValue | undefined>>;
  const properties: Record<string, JsonObject> = {};
  for (const [field, fragment] of chain.flatMap((shape) => [...shape.properties])) {
    const otherwise = blank[field];
    properties[field] ??= otherwise === undefined ? fragment : { ...fragment, default: otherwise };
  }
  const required = chain.flatMap((shape) => [...shape.required]);
  const example = chain.find((shape) => shape.example)?.example;
  return {
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
    ...(othersProblem(cls) !== undefined && { additionalProperties: false }),
    ...(example && { example }),
  };
}

export const keepsNull = (cls: DtoClass, field: string): boolean =>
  shapesOf(cls).some(({ nullable }) => nullable.has(field));

/** Why a class refuses fields that it does not have; undefined when it ignores them. */
export const othersProblem = (cls: DtoClass): string | undefined =>
  shapesOf(cls).find((shape) => shape.othersProblem)?.othersProblem;

/** The fields of a class that have a description. */
export function describedFields(cls: DtoClass): readonly string[] {
  return shapesOf(cls).flatMap(({ properties }) => [...properties.keys()]);
}

/** The schema that the rules of one field state. undefined for a field that the document does not show. */
export function fragmentOf(cls: DtoClass, field: string): JsonObject | undefined {
  return shapesOf(cls)
    .map(({ properties }) => properties.get(field))
    .find((fragment) => fragment);
}

function shapesOf(cls: DtoClass): readonly Shape[] {
  const found: Shape[] = [];
  for (let at: object | null = cls.prototype as object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const shape = shapes.get(at);
    if (shape) found.push(shape);
  }
  return found;
}

function shapeOf(prototype: object): Shape {
  const known = shapes.get(prototype);
  if (known) return known;
  const shape: Shape = { properties: new Map(), required: new Set(), nullable: new Set() };
  shapes.set(prototype, shape);
  return shape;
}
