import type { PoolMemberKey, PoolShare, PoolSight } from '#libs/contract';

/** Older sights are renewed, behind the request that finds them old. */
const OLD_MS = 250;

/**
 * What this worker last saw of a pool's members, and what it has done there since. It is good enough for proposing a
 * home: the share takes a place only where the facts of that moment allow it.
 */
export class PoolView {
  private last: PoolSight | undefined;
  private seenAt = -Infinity;
  private isLooking = false;
  /** Requests and tokens of this worker that the last sight does not have, by member. */
  private readonly since: { requests: number; tokens: number }[];

  /** @param now milliseconds; only differences are used. */
  constructor(
    private readonly keys: readonly PoolMemberKey[],
    private readonly now: () => number,
  ) {
    this.since = keys.map(() => ({ requests: 0, tokens: 0 }));
  }

  /** The members as they should be now. undefined: nobody has looked yet. */
  current(): PoolSight['members'] | undefined {
    return this.last?.members.map((facts, i) => {
      const { requests = 0, tokens = 0 } = this.since[i] ?? {};
      const inFlight = Math.max(0, facts.inFlight + requests);
      return { ...facts, inFlight, inFlightTokens: Math.max(0, facts.inFlightTokens + tokens) };
    });
  }

  /** The time of the share's clock. */
  shareTime(): number {
    return (this.last?.now ?? 0) + this.now() - this.seenAt;
  }

  /** The sight has everything that was told to the share before it was asked for. */
  saw(sight: PoolSight): void {
    this.last = sight;
    this.seenAt = this.now();
    for (const one of this.since) [one.requests, one.tokens] = [0, 0];
  }

  /** A request that has come, or has gone. */
  add(at: number, requests: number, tokens: number): void {
    const one = this.since[at];
    if (!one) return;
    one.requests += requests;
    one.tokens += tokens;
  }

  /** Looks again when the last look is old; resolves when that is done, at once when it need not be. */
  async renew(share: PoolShare): Promise<void> {
    if (this.isLooking || this.now() - this.seenAt <= OLD_MS) return;
    this.isLooking = true;
    const before = this.since.map((one) => ({ ...one }));
    try {
      const sight = await share.look(this.keys, '');
      const later = this.since.map((one, i) => ({
        requests: one.requests - (before[i]?.requests ?? 0),
        tokens: one.tokens - (before[i]?.tokens ?? 0),
      }));
      this.saw(sight);
      later.forEach(({ requests, tokens }, i) => this.add(i, requests, tokens));
    } finally {
      this.isLooking = false;
    }
  }
}
