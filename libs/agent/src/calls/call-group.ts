/**
 * The calls of one step, which stop together. This is not an AbortSignal: Node warns of a leak at the eleventh listener
 * of a signal, and a step may have LIMITS.toolCallsPerStepMax calls.
 */
export class CallGroup {
  private readonly listeners = new Set<(reason: unknown) => void>();
  private failure: { readonly reason: unknown } | undefined;

  /** Tells every call to stop. The first reason counts. */
  fail(reason: unknown): void {
    if (this.failure) return;
    this.failure = { reason };
    for (const listener of this.listeners) listener(reason);
    this.listeners.clear();
  }

  /** Calls `listener` when the group fails, unless the returned function was called before. */
  onFailure(listener: (reason: unknown) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Throws the reason of the failure unchanged, if the group has failed. */
  throwIfFailed(): void {
    if (this.failure) throw this.failure.reason;
  }
}
