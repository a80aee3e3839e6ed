import { LIMITS, type JsonObject } from '#libs/contract';
import { refuse, type Place } from './request-place.js';

const encoder = new TextEncoder();

export const SIZE_PROBLEM = `must have at most ${LIMITS.toolSchemaBytesMax} bytes as JSON.`;

/** Whether a caller's JSON Schema has at most LIMITS.toolSchemaBytesMax bytes as JSON. */
export function isSchemaOfSize(schema: JsonObject): boolean {
  return encoder.encode(JSON.stringify(schema)).length <= LIMITS.toolSchemaBytesMax;
}

/** Throws GatewayError for a schema that is larger. */
export function checkSchemaSize({ object, path }: Place): void {
  if (!isSchemaOfSize(object)) throw refuse(path, SIZE_PROBLEM);
}
