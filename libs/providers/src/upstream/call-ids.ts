import type { Message } from '#libs/contract';

/**
 * Gives every call of an answer an id of its own. Upstreams leave ids out, use one twice within an answer, or begin with
 * the same `call_0` in every step; the run's log and the next request tell calls apart by nothing else.
 */
export class CallIds {
  private taken: Set<string> | undefined;

  constructor(private readonly history: readonly Message[]) {}

  /** The upstream's id if it is free, else one made from it; `call_<index>` when the upstream gave none. */
  give(id: string, index: number): string {
    this.taken ??= new Set(
      this.history.flatMap((message) =>
        message.role === 'assistant' ? message.toolCalls.map(({ callId }) => callId) : [],
      ),
    );
    const wanted = id === '' ? `call_${index}` : id;
    let free = wanted;
    for (let n = 2; this.taken.has(free); n++) free = `${wanted}_${n}`;
    this.taken.add(free);
    return free;
  }
}
