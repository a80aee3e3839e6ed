/** Who listens to which run in this process; so that one listener's leaving does not end the run of the others. */
export class Listeners {
  private readonly counts = new Map<string, number>();

  /** @returns the function that leaves again, once. */
  join(runId: string): () => void {
    this.counts.set(runId, this.countOf(runId) + 1);
    let joined = true;
    return () => {
      if (!joined) return;
      joined = false;
      const left = this.countOf(runId) - 1;
      if (left > 0) this.counts.set(runId, left);
      else this.counts.delete(runId);
    };
  }

  /** All who listen, to whichever run. */
  get size(): number {
    let size = 0;
    for (const count of this.counts.values()) size += count;
    return size;
  }

  countOf(runId: string): number {
    return this.counts.get(runId) ?? 0;
  }
}
