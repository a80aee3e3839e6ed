type Close = () => Promise<void> | void;

/** Releases what was acquired, in reverse order. Register a release on the line that acquires. */
export class Closers {
  private readonly closes: Close[] = [];

  /** @returns the resource, so that acquiring and registering are one expression. */
  own<T>(resource: T, close: (resource: T) => Promise<void> | void): T {
    this.closes.push(() => close(resource));
    return resource;
  }

  /**
   * Closes everything once. A release that fails does not keep the others from being tried; the failures are returned.
   */
  async closeAll(): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    for (let close = this.closes.pop(); close; close = this.closes.pop()) {
      try {
        await close();
      } catch (cause) {
        failures.push(cause);
      }
    }
    return failures;
  }
}
