export type Reservation =
  | { readonly kind: 'new' }
  /**
   * `wasOpened`: the run has had a log, or what is made without a run was made. If it has no log, and there is no row
   * either, it was deleted.
   */
  | { readonly kind: 'same'; readonly runId: string; readonly wasOpened: boolean }
  | { readonly kind: 'conflict' };

/**
 * Idempotency keys, kept LIMITS.idempotencyTtlSeconds. `scope` is any string; it is hashed before it becomes a key. The
 * log of a run marks the key that its id was reserved with (`OpenLogTerms.reservedIn`), for as long as the key lives.
 */
export interface Idempotency {
  reserve(scope: string, fingerprint: string, runId: string): Promise<Reservation>;
  /**
   * What is made without a run was made: a repetition hears `wasOpened` from now on, for as long as the key lives. Does
   * nothing when the key names another id by now.
   */
  markMade(scope: string, runId: string): Promise<void>;
  /** Gives the key back after the run could not be started, opened or not, unless another run holds it by now. */
  release(scope: string, runId: string): Promise<void>;
}

/** The run that holds a conversation, or held it last. */
export interface ConversationHolder {
  readonly runId: string;
  /** How long ago the run took the lock, by Redis' clock, in milliseconds. */
  readonly ageMs: number;
}

/**
 * One run at a time per conversation. The last holder is remembered for LIMITS.runLogOrphanTtlSeconds: long after the
 * store has the items of its run. `conversation` is any string; it is hashed before it becomes a key.
 */
export interface ConversationLock {
  last(conversation: string): Promise<ConversationHolder | undefined>;
  /** Makes `runId` the holder if `after` still is; false: another run came first. */
  begin(conversation: string, runId: string, after: string | undefined): Promise<boolean>;
  /**
   * Gives the turn back that `runId` began, to the holder before it, unless another run has it by now. For a run that
   * was refused before it was opened.
   */
  giveBack(conversation: string, runId: string, before: ConversationHolder | undefined): Promise<void>;
  /** Forgets the conversation's last holder. */
  forget(conversation: string): Promise<void>;
}
