import { LIMITS, type JsonObject } from '#libs/contract';

/** Pieces of JSON Schema for the contents of a field, which the field's reader checks. */
export const text = (description: string): JsonObject => ({ type: 'string', description });

export const object = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});

export const oneOf = (...kinds: readonly JsonObject[]): JsonObject => ({ oneOf: kinds });

/** The published rule for names of functions and of response schemas; `isFunctionName` checks it. */
export const FUNCTION_NAME: JsonObject = {
  type: 'string',
  pattern: `^[a-zA-Z0-9_-]{1,${LIMITS.toolNameCharsMax}}$`,
};

/** The published form of `metadata`; `readMetadata` checks it. */
export const METADATA: JsonObject = {
  type: 'object',
  additionalProperties: { type: 'string', maxLength: LIMITS.metadataValueCharsMax },
  maxProperties: LIMITS.metadataPairsMax,
};
