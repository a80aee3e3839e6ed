import { createHash } from 'node:crypto';

/** Somebody who can be a home. */
export interface Weighted {
  readonly upstream: string;
  readonly weight: number;
}

/**
 * The members in the order in which they are homes of a key: weighted rendezvous hashing. When one leaves, only its own
 * keys move, and they spread over all others; when it comes back, the same keys return. (Thaler and Ravishankar, 1998;
 * the weights by the method of Schindelhauer and Schomaker, 2005.)
 */
export function rankHomes<T extends Weighted>(members: readonly T[], key: string): T[] {
  const scored = members.map((member) => ({ member, score: scoreOf(member, key) }));
  scored.sort((a, b) => b.score - a.score || (a.member.upstream < b.member.upstream ? -1 : 1));
  return scored.map(({ member }) => member);
}

function scoreOf({ upstream, weight }: Weighted, key: string): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([upstream, key]))
    .digest();
  // 48 bits, never 0 and never 1.
  const fraction = (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
  return -weight / Math.log(fraction);
}
