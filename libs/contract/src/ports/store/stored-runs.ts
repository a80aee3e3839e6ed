import { LIMITS } from '../../limits.js';
import { RUN_STATUSES, type RunSnapshot, type RunStatus } from '../../runs/run-snapshot.js';
import type { Turn } from '../../runs/turn.js';
import type { PortCalls } from './port-calls.js';
import { aNull, anObject, aNumber, aText, aWhole, listOf, oneOf, optional } from './shape.js';

/** Most runs of one page of the store. */
const PAGE_RUNS_MAX = 100;

export interface StoredRunsQuery {
  readonly owner: string;
  readonly status?: RunStatus;
  readonly sessionId?: string;
  readonly jobId?: string;
  /** 1 to 100. */
  readonly limit: number;
  /** `next` of the previous page. */
  readonly after?: string;
}

export interface StoredRunsPage {
  readonly runs: readonly RunSnapshot[];
  /**
   * Where the next page begins; absent on the last page. A page may be shorter than its limit and still have a next
   * one.
   */
  readonly next?: string;
}

/** The rows of runs. Every method rejects with GatewayError `unavailable` when the store cannot be asked. */
export interface StoredRuns {
  /** undefined: the store does not have the run, or its owner deleted it. */
  run(runId: string): Promise<RunSnapshot | undefined>;
  /**
   * The conversation that ends with this run, oldest turn first. Empty when the store does not have the run.
   * @param limit the number of newest turns, 1 to LIMITS.historyTurnsMax, which is the default.
   */
  turns(runId: string, limit?: number): Promise<readonly Turn[]>;
  /** Hides the run from `run` and `runs`, even if its row is written later. */
  deleteRun(runId: string): Promise<void>;
  /** An owner's runs, newest first. Rejects with `invalid_cursor`. */
  runs(query: StoredRunsQuery): Promise<StoredRunsPage>;
}

const aSnapshot = anObject({
  runId: aText,
  owner: aText,
  protocol: aText,
  model: aText,
  status: aText,
  lastSeq: aNumber,
  items: listOf(anObject()),
  steps: listOf(anObject()),
});

export const STORED_RUNS_CALLS: PortCalls<StoredRuns> = {
  run: { args: { runId: aText }, finds: aSnapshot },
  turns: {
    args: { runId: aText, limit: optional(aWhole(1, LIMITS.historyTurnsMax)) },
    gives: listOf(anObject({ runId: aText, owner: aText, snapshot: aSnapshot })),
  },
  deleteRun: { args: { runId: aText }, gives: aNull },
  runs: {
    args: {
      query: anObject({
        owner: aText,
        status: optional(oneOf(RUN_STATUSES)),
        sessionId: optional(aText),
        jobId: optional(aText),
        limit: aWhole(1, PAGE_RUNS_MAX),
        after: optional(aText),
      }),
    },
    gives: anObject({ runs: listOf(aSnapshot), next: optional(aText) }),
  },
};
