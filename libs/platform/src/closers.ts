type Close = () => Promise<void> | void;

/** Releases what was acquired, in reverse order. Register a release on the line that acquires. */
export class Closers {
  private readonly closes: Close[] = [];
  private readonly failures: unknown[] = [];

  /** @returns the resource, so that acquiring and registering are one expression. */
  own<T>(resource: T, close: (resource: T) => Promise<void> | void): T {
    this.closes.push(() => close(resource));
    return resource;
  }

  /**
   * Closes everything once. When one release fails, the others are still tried.
   * @returns the failures, including those of earlier calls.
   */
  async closeAll(): Promise<readonly unknown[]> {
    for (let close = this.closes.pop(); close; close = this.closes.pop()) {
      try {
        await close();
      } catch (cause) {
        this.failures.push(cause);
      }
    }
    return this.failures;
  }
}
