/** Work to finish before the process stops. `deadline` aborts when the time for it is over. */
export type DrainWork = (deadline: AbortSignal) => Promise<void>;

/** Whether this process is on its way out, and what it has to finish first. */
export class Drain {
  private readonly works: DrainWork[] = [];
  private begun = false;

  get draining(): boolean {
    return this.begun;
  }

  onDrain(work: DrainWork): void {
    this.works.push(work);
  }

  /** Marks the process as draining (readiness turns 503) and runs all work side by side, for `seconds` at most. */
  async begin(seconds: number): Promise<void> {
    this.begun = true;
    const deadline = AbortSignal.timeout(seconds * 1_000);
    const over = new Promise<void>((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true }));
    const all = Promise.allSettled(this.works.map((work) => work(deadline))).then(() => undefined);
    await Promise.race([all, over]);
  }
}
