import type { Entered } from './pool-place.js';

/** Places that were taken ahead of their requests, by the hash of the request's key. */
export class PreparedPlaces {
  private readonly waiting = new Map<string, Promise<Entered>[]>();

  /** @returns a function that gives the place back if no request has taken it. */
  add(key: string, entering: Promise<Entered>): () => void {
    // A failure is the next request's to find out.
    entering.catch(() => undefined);
    const same = this.waiting.get(key);
    if (same) same.push(entering);
    else this.waiting.set(key, [entering]);
    return () => {
      if (this.remove(key, entering)) void giveBack(entering);
    };
  }

  /** A place for a request; undefined when none is prepared, or preparing it has failed. */
  async take(key: string): Promise<Entered | undefined> {
    const entering = this.waiting.get(key)?.[0];
    if (!entering) return undefined;
    this.remove(key, entering);
    return entering.catch(() => undefined);
  }

  private remove(key: string, entering: Promise<Entered>): boolean {
    const same = this.waiting.get(key) ?? [];
    const at = same.indexOf(entering);
    if (at < 0) return false;
    void same.splice(at, 1);
    if (same.length === 0) this.waiting.delete(key);
    return true;
  }
}

async function giveBack(entering: Promise<Entered>): Promise<void> {
  const place = await entering.catch(() => undefined);
  if (place?.kind === 'entered') place.giveBack();
}
