import { isJsonObject } from '#libs/contract';
import { isFunctionName, NAME_PROBLEM } from '../function-name.js';
import { isSchemaOfSize, SIZE_PROBLEM } from '../json-schema-size.js';
import { IsObject, Rule } from './dto-rules.js';
import { FUNCTION_NAME } from './fragments.js';

/** Rules for the parts of a request that the model reads: names of functions, and the caller's JSON Schemas. */
export function IsFunctionName(): PropertyDecorator {
  const isFine = (value: unknown): boolean => typeof value === 'string' && isFunctionName(value);
  return Rule(isFine, NAME_PROBLEM, 'invalid_request', FUNCTION_NAME);
}

/** An object of at most LIMITS.toolSchemaBytesMax bytes as JSON. */
export function IsJsonSchema(description: string): PropertyDecorator {
  const isObject = IsObject({ type: 'object', description });
  const isFine = (value: unknown): boolean => !isJsonObject(value) || isSchemaOfSize(value);
  const isShort = Rule(isFine, SIZE_PROBLEM);
  return (prototype, field) => {
    isShort(prototype, field);
    isObject(prototype, field);
  };
}
