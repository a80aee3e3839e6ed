import type { MemberHealth } from '#libs/contract';

/** Terms of what workers share about pools; the same for Redis and for its twin in memory. */
export const POOL_TERMS = {
  /** A worker's places without a sign of it; it gives one every third of this. */
  placeMs: 10_000,
  /** Nobody else tries an upstream for so long, unless the first who tries it is done. */
  probeMs: 60_000,
  /** A binding nobody uses; longer than prompt caches of upstreams live. */
  homeMs: 3_600_000,
  /** Bindings of one upstream that are counted. */
  homesMax: 100_000,
  /** The health of a member that nothing happens to. */
  memberMs: 7_200_000,
  /** Attempts at changing what others change at the same time. */
  changesMax: 5,
  /** A worker that says nothing for so long is not reported any more. */
  reportMs: 30_000,
} as const;

export const HEALTHY: MemberHealth = { failures: [], until: 0, level: 0 };

/** @param json as a share wrote it; empty: nothing is known. */
export function parseHealth(json: string): MemberHealth {
  return json === '' ? HEALTHY : (JSON.parse(json) as MemberHealth);
}
