import { LIMITS } from '#libs/contract';

export const NAME_PROBLEM = `must be 1 to ${LIMITS.toolNameCharsMax} letters, digits, underscores or hyphens.`;

/** The published rule for names of functions and of response schemas. */
export function isFunctionName(name: string): boolean {
  return name.length <= LIMITS.toolNameCharsMax && /^[a-zA-Z0-9_-]+$/.test(name);
}
