import { type CancelPorts, cancelRun } from '../ending/end-run.js';

/** Who listens to which run in this process, so that the end of one listener does not end the run for the others. */
export class Audience {
  private readonly counts = new Map<string, number>();

  constructor(private readonly ports: CancelPorts) {}

  /** Number of listeners of all runs. */
  get size(): number {
    let size = 0;
    for (const count of this.counts.values()) size += count;
    return size;
  }

  /**
   * Does `work` as a listener of the run. Afterwards, however `work` ended, `isUnwanted` says whether the run may end
   * because this listener left. If so, and if nobody else listens here or through another process, the run is
   * cancelled. A failure of that is reported to `onUnsettled`, and the run continues to its own end.
   */
  async attend<T>(runId: string, work: () => Promise<T>, isUnwanted: () => boolean = () => false): Promise<T> {
    this.counts.set(runId, this.countOf(runId) + 1);
    try {
      return await work();
    } finally {
      this.leave(runId);
      if (isUnwanted()) await this.cancelIfLeft(runId);
    }
  }

  private countOf(runId: string): number {
    return this.counts.get(runId) ?? 0;
  }

  private leave(runId: string): void {
    const left = this.countOf(runId) - 1;
    if (left > 0) this.counts.set(runId, left);
    else this.counts.delete(runId);
  }

  private async cancelIfLeft(runId: string): Promise<void> {
    if (this.countOf(runId) > 0) return;
    try {
      const others = await this.ports.log.followersElsewhere(runId);
      if (others === 0) await cancelRun(this.ports, runId, 'client_disconnected');
    } catch (cause) {
      this.ports.onUnsettled?.({ cause, runId, what: 'a run whose client is gone could not be cancelled' });
    }
  }
}
