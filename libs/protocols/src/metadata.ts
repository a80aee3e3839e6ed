import { LIMITS, type JsonObject } from '#libs/contract';
import { refuse } from './request-place.js';

/** The published form of `metadata`: at most 16 pairs of strings. Throws GatewayError naming the pair. */
export function readMetadata(metadata: JsonObject, path: string): JsonObject {
  const pairs = Object.entries(metadata);
  if (pairs.length > LIMITS.metadataPairsMax) {
    throw refuse(path, `must have at most ${LIMITS.metadataPairsMax} pairs.`);
  }
  for (const [key, value] of pairs) {
    if (key.length > LIMITS.metadataKeyCharsMax) {
      const problem = `must have keys of at most ${LIMITS.metadataKeyCharsMax} characters.`;
      throw refuse(path, problem, 'string_above_max_length');
    }
    if (typeof value !== 'string') throw refuse(`${path}.${key}`, 'must be a string.');
    if (value.length > LIMITS.metadataValueCharsMax) {
      const problem = `must have at most ${LIMITS.metadataValueCharsMax} characters.`;
      throw refuse(`${path}.${key}`, problem, 'string_above_max_length');
    }
  }
  return Object.fromEntries(pairs);
}
