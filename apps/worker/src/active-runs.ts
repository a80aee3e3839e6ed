import type { CancelReason, RunSignals } from '#libs/contract';

export interface ActiveRun {
  cancel(reason: CancelReason): void;
  /** Set by every append. The cancel flags of runs that were silent since the last check are read. */
  busy: boolean;
}

const LOOK_EVERY_MS = 1_000;

/**
 * The runs that this worker executes. A cancel reaches a run by the hint on the control channel at once, by the reply
 * to any append, and, when both are lost or late, by reading the flags of silent runs every second.
 */
export class ActiveRuns {
  private readonly runs = new Map<string, ActiveRun>();
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;

  constructor(
    private readonly log: RunSignals,
    private readonly lookEveryMs = LOOK_EVERY_MS,
  ) {}

  get count(): number {
    return this.runs.size;
  }

  add(runId: string, run: ActiveRun): void {
    this.runs.set(runId, run);
  }

  remove(runId: string, run: ActiveRun): void {
    if (this.runs.get(runId) === run) this.runs.delete(runId);
  }

  start(): void {
    this.timer = setInterval(() => void this.lookAtSilent(), this.lookEveryMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Reads the cancel flags of these runs and cancels the flagged ones. If reading fails, the next check repeats it. */
  async look(runIds: readonly string[]): Promise<void> {
    const mine = runIds.filter((runId) => this.runs.has(runId));
    if (mine.length === 0) return;
    const requests = await this.log.cancelRequests(mine).catch(() => new Map<string, CancelReason>());
    for (const [runId, reason] of requests) this.runs.get(runId)?.cancel(reason);
  }

  /** While Redis is away a single check waits for it, instead of one more each second. */
  private async lookAtSilent(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    const silent = [...this.runs].filter(([, run]) => !run.busy).map(([runId]) => runId);
    for (const run of this.runs.values()) run.busy = false;
    await this.look(silent).finally(() => (this.isLooking = false));
  }
}
