/** A reservation for one model call. Amounts are whole billionths of the currency. */
export interface SpendAsk {
  /** What the run has cost so far. */
  readonly spent: number;
  /** The least that makes the call worth making. */
  readonly min: number;
  /** The most that the call can cost. */
  readonly want: number;
  /** Bound of the fund. */
  readonly limit: number;
}

/**
 * What the runs of a session, or of a job, have spent and reserved together. Of each run the ledger keeps one amount:
 * what it has cost, and its reservation. A repeated call replaces that amount, so a run that another worker takes over
 * is not counted twice. A reservation that nobody settles or repeats falls away `LIMITS.spendReservedSeconds` after it
 * was made; what was settled stays.
 *
 * A fund is forgotten `LIMITS.spendFundSeconds` after its last change. Every method rejects with GatewayError
 * `queue_unavailable` when the server does not answer.
 */
export interface SpendLedger {
  /**
   * Reserves as much of `want` as the fund still has. undefined, and nothing is changed, when that is less than `min`.
   */
  reserve(fund: string, runId: string, ask: SpendAsk): Promise<number | undefined>;
  /** Ends the run's reservation: it has cost `spent` so far. */
  settle(fund: string, runId: string, spent: number): Promise<void>;
  /** The run has ended: what was settled joins the fund's sum, and its reservation ends. May be repeated. */
  close(fund: string, runId: string): Promise<void>;
}
