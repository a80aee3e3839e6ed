import { LIMITS } from './limits.js';

/** Any JSON value. Used where a value passes through uninspected. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** True for a plain JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether a value is nested deeper than LIMITS.jsonDepthMax. JSON.parse accepts depths at which JSON.stringify, and any
 * recursion, overflows the stack.
 */
export function isTooDeep(value: JsonValue): boolean {
  return isDeeper(value, LIMITS.jsonDepthMax);
}

function isDeeper(value: JsonValue | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((below) => isDeeper(below, levels - 1));
}
