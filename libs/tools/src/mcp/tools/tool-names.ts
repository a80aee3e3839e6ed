import { LIMITS } from '#libs/contract';
import { createHash } from 'node:crypto';

const HASH_CHARS = 8;

/**
 * The name under which models see a server's tool: `server__tool`, with `_` for every character that upstreams refuse.
 * Of a name that is too long the end gives way to a hash of the whole.
 */
export function toolNameOf(server: string, tool: string): string {
  const name = `${server}__${tool.replace(/[^a-zA-Z0-9_-]/g, '_')}`;
  if (name.length <= LIMITS.toolNameCharsMax) return name;
  const hash = createHash('sha256').update(tool).digest('hex').slice(0, HASH_CHARS);
  return `${name.slice(0, LIMITS.toolNameCharsMax - HASH_CHARS - 1)}_${hash}`;
}
