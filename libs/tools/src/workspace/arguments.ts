import type { JsonObject } from '#libs/contract';
import { Refusal } from './refusal.js';

/** The text of an argument. Throws a Refusal when it is missing or not a text. */
export function textArgument(args: JsonObject, name: string): string {
  const value = args[name];
  if (typeof value !== 'string') throw new Refusal(`The ${name} must be a string.`);
  return value;
}

/**
 * Like `textArgument`, for an optional one: models send null or an empty value for a parameter that they do not need.
 */
export function optionalTextArgument(args: JsonObject, name: string, otherwise: string): string {
  return (args[name] ?? undefined) === undefined ? otherwise : textArgument(args, name);
}

export function optionalFlagArgument(args: JsonObject, name: string): boolean {
  const value = args[name] ?? false;
  if (typeof value !== 'boolean') throw new Refusal(`The ${name} must be true or false.`);
  return value;
}

/** An integer from 1 to `max`. */
export function optionalCount(args: JsonObject, name: string, { otherwise, max }: { otherwise: number; max: number }) {
  const value = args[name] ?? otherwise;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
    throw new Refusal(`The ${name} must be an integer from 1 to ${max}.`);
  }
  return value;
}
