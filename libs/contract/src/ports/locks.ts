export type Reservation =
  | { readonly kind: 'new' }
  /**
   * `wasOpened`: the key's run had a log, or the key's object was made without a run. If there is now neither a log nor
   * a row, it was deleted.
   */
  | { readonly kind: 'same'; readonly runId: string; readonly wasOpened: boolean }
  | { readonly kind: 'conflict' };

/**
 * Idempotency keys, kept for LIMITS.idempotencyTtlSeconds. `scope` is any string; it is hashed before it becomes a key.
 * When a run's log is opened, the key that reserved the run's id is marked (`OpenLogTerms.reservedIn`), for as long as
 * the key lives.
 */
export interface Idempotency {
  reserve(scope: string, fingerprint: string, runId: string): Promise<Reservation>;
  /**
   * Records that an object was made without a run: from now on a repetition gets `wasOpened`, for as long as the key
   * lives. Does nothing when the key names another id by now.
   */
  markMade(scope: string, runId: string): Promise<void>;
  /** Releases the key after the run could not be started, opened or not, unless another run holds it by now. */
  release(scope: string, runId: string): Promise<void>;
}

/** The run that holds a conversation, or the last one that held it. */
export interface ConversationHolder {
  readonly runId: string;
  /** How long ago the run took the lock, by Redis' clock, in milliseconds. */
  readonly ageMs: number;
}

/**
 * One run at a time per conversation. The last holder is remembered for LIMITS.runLogOrphanTtlSeconds, long after the
 * store has the items of its run. `conversation` is any string; it is hashed before it becomes a key.
 */
export interface ConversationLock {
  last(conversation: string): Promise<ConversationHolder | undefined>;
  /** Makes `runId` the holder if `after` still is the holder. false: another run came first. */
  begin(conversation: string, runId: string, after: string | undefined): Promise<boolean>;
  /**
   * Returns the turn that `runId` began to the holder before it, unless another run has the turn by now. For a run that
   * was refused before it was opened.
   */
  giveBack(conversation: string, runId: string, before: ConversationHolder | undefined): Promise<void>;
  /** Forgets the conversation's last holder. */
  forget(conversation: string): Promise<void>;
}
