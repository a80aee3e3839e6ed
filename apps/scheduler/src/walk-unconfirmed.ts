import type { RunHead, RunIndex, RunJournal } from '#libs/contract';

const PAGE_RUNS_MAX = 500;
/** Most pages of one round. Usually a lap takes one round; after a long outage of the store it takes several. */
const PAGES_PER_LOOK_MAX = 20;

export interface HeadOf {
  readonly runId: string;
  /** Absent when the log no longer exists. */
  readonly head?: RunHead;
}

/**
 * Walks the index of unconfirmed runs, oldest first, lap after lap. A round continues where the previous one ended, so
 * runs that stay in the index for long do not hide newer ones behind them. A lap can end early when runs leave the
 * index during the walk; the next lap begins at the start. Remove no runs of a round from the index before the round
 * ends.
 */
export class UnconfirmedWalk {
  private after: string | undefined;

  /** The last round reached the end of the index. */
  get lapDone(): boolean {
    return this.after === undefined;
  }

  /** One round: pages of runs opened before `openedBefore` (ms), with their heads. */
  async *look(
    log: RunJournal & RunIndex,
    openedBefore: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly HeadOf[]> {
    for (let pages = 0; pages < PAGES_PER_LOOK_MAX && !signal.aborted; pages++) {
      const runIds = await log.unconfirmed(openedBefore, PAGE_RUNS_MAX, this.after);
      const heads = await Promise.all(runIds.map((runId) => log.head(runId)));
      this.after = runIds.length < PAGE_RUNS_MAX ? undefined : runIds.at(-1);
      yield runIds.map((runId, i) => {
        const head = heads[i];
        return { runId, ...(head && { head }) };
      });
      if (this.lapDone) return;
    }
  }
}
