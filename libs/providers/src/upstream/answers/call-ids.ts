import { checkCallCount, type Message } from '#libs/contract';

/**
 * Gives every call of an answer an id of its own. Upstreams leave ids out, use one twice within an answer, or begin
 * with the same `call_0` in every step; the run's log and the next request tell calls apart by nothing else.
 */
export class CallIds {
  private taken: Set<string> | undefined;
  /** The number behind each id that was wanted again. */
  private readonly numbers = new Map<string, number>();

  constructor(private readonly history: readonly Message[]) {}

  /**
   * The upstream's id if it is free, else one made from it; `call_<index>` when the upstream gave none. The number
   * stands behind a `-`: Claude Code takes an id that another one begins, up to `_` and digits, for the same call, and
   * sends its result as missing. Throws
   * `upstream_invalid` for more calls than a step may have.
   * @param index how many calls came before.
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
