import type { Entered } from './pool-place.js';

/** How long a place waits for its request. After that the upstreams may be in another state, so it is given back. */
const PREPARED_MS_MAX = 5_000;

interface Prepared {
  readonly entering: Promise<Entered>;
  readonly expiry: NodeJS.Timeout;
}

/** Places that were taken ahead of their requests, by the hash of the request's key. Each serves one request, soon. */
export class PreparedPlaces {
  private readonly waiting = new Map<string, Prepared[]>();

  /** @returns a function that gives the place back if no request has taken it. */
  add(key: string, entering: Promise<Entered>): () => void {
    // A failure is the next request's to find out.
    entering.catch(() => undefined);
    const release = (): void => {
      if (this.remove(key, prepared)) void giveBack(entering);
    };
    const expiry = setTimeout(release, PREPARED_MS_MAX);
    expiry.unref();
    const prepared = { entering, expiry };
    const same = this.waiting.get(key);
    if (same) same.push(prepared);
    else this.waiting.set(key, [prepared]);
    return release;
  }

  /**
   * A place for a request. Undefined when none is prepared, or preparing it has failed, or nobody had room then: the
   * request asks for itself.
   */
  async take(key: string): Promise<Extract<Entered, { kind: 'entered' }> | undefined> {
    const prepared = this.waiting.get(key)?.[0];
    if (!prepared) return undefined;
    this.remove(key, prepared);
    const place = await prepared.entering.catch(() => undefined);
    return place?.kind === 'entered' ? place : undefined;
  }

  private remove(key: string, prepared: Prepared): boolean {
    const same = this.waiting.get(key) ?? [];
    const at = same.indexOf(prepared);
    if (at < 0) return false;
    clearTimeout(prepared.expiry);
    void same.splice(at, 1);
    if (same.length === 0) this.waiting.delete(key);
    return true;
  }
}

async function giveBack(entering: Promise<Entered>): Promise<void> {
  const place = await entering.catch(() => undefined);
  if (place?.kind === 'entered') place.giveBack();
}
