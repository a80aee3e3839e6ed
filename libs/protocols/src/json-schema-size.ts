import { LIMITS } from '#libs/contract';
import { refuse, type Place } from './request-place.js';

const encoder = new TextEncoder();

/** Throws GatewayError when a caller's JSON Schema has more than LIMITS.toolSchemaBytesMax bytes as JSON. */
export function checkSchemaSize({ object, path }: Place): void {
  if (encoder.encode(JSON.stringify(object)).length <= LIMITS.toolSchemaBytesMax) return;
  throw refuse(path, `must have at most ${LIMITS.toolSchemaBytesMax} bytes as JSON.`);
}
