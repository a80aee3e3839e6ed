/** What has been acquired, to be released in reverse order. */
export class Releases {
  private readonly list: (() => unknown)[] = [];

  add(release: () => unknown): void {
    this.list.push(release);
  }

  /** Releases one after the other; a failing one is reported and does not keep the others. */
  async all(onFailure: (cause: unknown) => void): Promise<void> {
    for (const release of this.list.splice(0).reverse()) {
      try {
        await release();
      } catch (cause) {
        onFailure(cause);
      }
    }
  }
}
