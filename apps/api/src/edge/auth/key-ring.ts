import { LOCAL_OWNER, type ApiKey } from '#libs/config';
import { bearerToken } from '#libs/platform';
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '#libs/contract';

interface Entry extends Pick<ApiKey, 'name' | 'role'> {
  readonly digest: Buffer;
}

/** The configured keys, as digests. */
export class KeyRing {
  private readonly entries: readonly Entry[];

  constructor(keys: readonly ApiKey[]) {
    this.entries = keys.map(({ name, key, role }) => ({ name, role, digest: sha256(key) }));
  }

  /** Whether there are no keys, so that every request belongs to the local owner. */
  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /**
   * The name of the key that a request carries as `Authorization: Bearer` or `x-api-key`. undefined when it has none or
   * a wrong one.
   */
  ownerOf(request: IncomingMessage): string | undefined {
    if (this.isEmpty) return LOCAL_OWNER;
    const token = tokenOf(request);
    return token === undefined ? undefined : this.entryOf(token)?.name;
  }

  /** Whether this text is a key with the role `admin`. */
  isAdminKey(text: string): boolean {
    return this.entryOf(text)?.role === 'admin';
  }

  /**
   * Compares digests of equal length with every key, so the time reveals neither how close a wrong key was nor how long
   * it is.
   */
  private entryOf(text: string): Entry | undefined {
    const digest = sha256(text);
    let found: Entry | undefined;
    for (const entry of this.entries) {
      if (timingSafeEqual(entry.digest, digest)) found = entry;
    }
    return found;
  }
}

/** The key in the request. undefined when there is none, or when two Authorization headers make it ambiguous. */
export function tokenOf({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined) {
    const apiKey = headers['x-api-key'];
    return typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined;
  }
  if (countOf('authorization', rawHeaders) > 1) return undefined;
  return bearerToken(authorization);
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length === name.length && rawHeaders[i]?.toLowerCase() === name) count++;
  }
  return count;
}

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer');

/** One answer for a missing key and for a wrong one. */
export function wrongKey(): GatewayError {
  return new GatewayError('invalid_api_key', 'A valid API key is required: Authorization: Bearer <key>, or x-api-key.');
}
