/** How many may hold a lease of one name, and how long one lives without being renewed. */
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
  /** Takes a lease, or renews the holder's own. false: as many as may hold it do. */
  take(name: string, holder: string, terms: LeaseTerms): Promise<boolean>;
  /** Prolongs a lease by `ttlMs` from now. false: it has expired or was never taken, and is not taken now. */
  renew(name: string, holder: string, ttlMs: number): Promise<boolean>;
  /** Gives a lease back; one that is not held is no error. */
  release(name: string, holder: string): Promise<void>;
  /** How many hold each of the names now, in the order of the names. */
  count(names: readonly string[]): Promise<readonly number[]>;
}
