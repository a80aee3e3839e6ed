/** Runs tasks of the same key one after the other, in the order of their arrival. Keeps no key without a task. */
export class Serial {
  private readonly last = new Map<string, Promise<void>>();

  /** Settles like the task. A task that fails does not stop the next one. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.last.get(key) ?? Promise.resolve();
    const mine = before.then(task);
    const settled: Promise<void> = mine
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.last.get(key) === settled) this.last.delete(key);
      });
    this.last.set(key, settled);
    return mine;
  }
}
