/** Permissions beyond one call, and the number of runs per key that wait for an answer. */
export interface ApprovalMemory {
  /** The widest earlier answer that covers this scope. */
  recall(context: ApprovalContext, scope: string): Promise<'session' | 'always' | undefined>;
  /** Keeps at most LIMITS.rememberedApprovalsMax scopes per key and per session; beyond it the answer counts once. */
  remember(context: ApprovalContext, scope: string, decision: 'session' | 'always'): Promise<void>;
  /** Scopes that a key has allowed for ever. */
  always(owner: string): Promise<readonly string[]>;
  /** Withdraws such a permission. false: there was none. */
  forget(owner: string, scope: string): Promise<boolean>;
  /** Withdraws all that a key has allowed for ever. @returns how many. */
  forgetAll(owner: string): Promise<number>;
  /** Counts a run as waiting until `deadline` (ms); false: LIMITS.parkedRunsPerKeyMax of the key wait already. */
  enterWait(owner: string, runId: string, deadline: number): Promise<boolean>;
  leaveWait(owner: string, runId: string): Promise<void>;
  /** Those of these runs that are counted as waiting. */
  waiting(owner: string, runIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** The key and session for which an answer is remembered. */
export interface ApprovalContext {
  readonly owner: string;
  /** The session's id; for a run outside any session, the run's own id. */
  readonly session: string;
}
