import { checkCallCount, type Message } from '#libs/contract';

/**
 * Gives every call of an answer a unique id. Upstreams leave ids out, use one twice within an answer, or begin with the
 * same `call_0` in every step. The run's log and the next request tell calls apart only by their ids.
 */
export class CallIds {
  private taken: Set<string> | undefined;
  /** The last number appended to each id that was needed again. */
  private readonly numbers = new Map<string, number>();

  constructor(private readonly history: readonly Message[]) {}

  /**
   * The upstream's id if it is free, otherwise one derived from it, or `call_<index>` when the upstream sent none. The
   * number follows a `-`: Claude Code takes two ids for the same call when one is the other plus `_` and digits, and
   * then reports its result as missing. Throws `upstream_invalid` for more calls than a step may have.
   * @param index number of calls before this one.
   */
  give(id: string, index: number): string {
    checkCallCount(index + 1);
    this.taken ??= new Set(
      this.history.flatMap((message) =>
        message.role === 'assistant' ? message.toolCalls.map(({ callId }) => callId) : [],
      ),
    );
    const wanted = id === '' ? `call_${index}` : id;
    let free = wanted;
    let n = this.numbers.get(wanted) ?? 1;
    while (this.taken.has(free)) free = `${wanted}-${++n}`;
    this.numbers.set(wanted, n);
    this.taken.add(free);
    return free;
  }
}
