import type { Controls, JsonObject, RunSignals } from '#libs/contract';

/** Messages to the writer of one run. They are read with the claim, and again when they matter. */
export class RunControls {
  private isFresh = true;

  constructor(
    private readonly log: RunSignals,
    private readonly runId: string,
    private latest: Controls,
  ) {}

  get answers(): Controls['answers'] {
    return this.latest.answers;
  }

  /** The time of the request ended before an answer arrived. */
  isTimedOut(approvalId: string): boolean {
    return this.latest.timedOut?.has(approvalId) ?? false;
  }

  /** The answers to the questions of a request. */
  contentOf(approvalId: string): JsonObject | undefined {
    return this.latest.contents?.get(approvalId);
  }

  /** All texts so far. The first call uses those that came with the claim, so a fresh run needs no further read. */
  async steers(): Promise<readonly string[]> {
    if (!this.isFresh) await this.refresh();
    this.isFresh = false;
    return this.latest.steers;
  }

  async refresh(): Promise<Controls> {
    this.latest = await this.log.controls(this.runId);
    return this.latest;
  }
}
