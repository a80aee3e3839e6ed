/** How many holders a lease of one name may have, and how long it lives without renewal. */
export interface LeaseTerms {
  /** At least 1. With 1 the lease is a lock. */
  readonly holdersMax: number;
  /** Milliseconds, at least 1. A holder that dies is forgotten after this time. */
  readonly ttlMs: number;
}

/**
 * Counted leases that all processes of a deployment see: places in an upstream's queue, or the right to renew a
 * credential. Time is the server's own, so clocks that differ do not matter. Every method rejects with GatewayError
 * `queue_unavailable` when the server does not answer.
 */
export interface Leases {
  /** Takes a lease, or renews the holder's own. false: the lease already has as many holders as it may. */
  take(name: string, holder: string, terms: LeaseTerms): Promise<boolean>;
  /** Prolongs a lease by `ttlMs` from now. false: it has expired or was never taken; this call does not take it. */
  renew(name: string, holder: string, ttlMs: number): Promise<boolean>;
  /** Gives a lease back; one that is not held is no error. */
  release(name: string, holder: string): Promise<void>;
  /** The current number of holders of each name, in the order of the names. */
  count(names: readonly string[]): Promise<readonly number[]>;
}
