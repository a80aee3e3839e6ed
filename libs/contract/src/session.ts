import { LIMITS } from './limits.js';

/** A conversation as the store lists it. Times are milliseconds since the epoch. */
export interface SessionRecord {
  readonly owner: string;
  readonly sessionId: string;
  /** null while there is no text from which to derive a title. */
  readonly title: string | null;
  /** The youngest run: the next turn continues it. Absent: no run has ended yet. */
  readonly lastRunId?: string;
  /** The youngest run that may be shown, null for none. Absent: the last one, which was not deleted. */
  readonly shownRunId?: string | null;
  /** When that run was created; 0 without one. */
  readonly lastRunAt: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The session and the run from which this session was forked. */
  readonly forkedFrom?: { readonly sessionId: string; readonly runId: string };
  readonly totals: SessionTotals;
}

/** Sums over the session's own runs; turns before a fork count for the session in which they took place. */
export interface SessionTotals {
  readonly runs: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** In the currency of the price table, over all runs whose models have a price. null: no run has a price. */
  readonly cost: number | null;
}

export interface SessionPage {
  readonly sessions: readonly SessionRecord[];
  /** Cursor of the next page; absent on the last page. */
  readonly next?: string;
}

const FORK = ' (fork)';

/** The title of a fork, so that a list tells the two apart. A fork of a fork has the word once. */
export const forkTitle = (title: string): string =>
  title.endsWith(FORK) ? title : title.slice(0, LIMITS.sessionTitleCharsMax - FORK.length) + FORK;
