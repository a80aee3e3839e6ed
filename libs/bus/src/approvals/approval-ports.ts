/** What people have allowed beyond one call, and how many runs of a key wait for an answer. */
export interface ApprovalMemory {
  /** The widest earlier answer that covers this scope. */
  recall(place: ApprovalPlace, scope: string): Promise<'session' | 'always' | undefined>;
  /** Keeps at most LIMITS.rememberedApprovalsMax scopes per key and per session; beyond it the answer counts once. */
  remember(place: ApprovalPlace, scope: string, decision: 'session' | 'always'): Promise<void>;
  /** What a key has allowed for ever. */
  always(owner: string): Promise<readonly string[]>;
  forget(owner: string, scope: string): Promise<boolean>;
  /** Counts a run as waiting until `deadline` (ms); false: LIMITS.parkedRunsPerKeyMax of the key wait already. */
  enterWait(owner: string, runId: string, deadline: number): Promise<boolean>;
  leaveWait(owner: string, runId: string): Promise<void>;
}

export interface ApprovalPlace {
  readonly owner: string;
  /** The session, or what stands for it. */
  readonly session: string;
}
