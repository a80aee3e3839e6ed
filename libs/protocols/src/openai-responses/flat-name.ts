import { LIMITS } from '#libs/contract';

const HASH_CHARS = 8;

/**
 * The upstream name of a function in a namespace, because upstream names have no namespaces: `crm__find`. Names that
 * would be too long are cut and end with a hash of the whole, so that the same function has the same name in every
 * request.
 */
export function flatName(namespace: string, name: string): string {
  const flat = namespace.endsWith('__') ? namespace + name : `${namespace}__${name}`;
  if (flat.length <= LIMITS.toolNameCharsMax) return flat;
  return `${flat.slice(0, LIMITS.toolNameCharsMax - HASH_CHARS - 1)}_${hashOf(flat)}`;
}

/** FNV-1a, 32 bits, as hex. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(HASH_CHARS, '0');
}
