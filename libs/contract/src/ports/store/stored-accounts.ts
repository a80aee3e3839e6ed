import { LIMITS } from '../../limits.js';
import type { PortCalls } from './port-calls.js';
import { aFlag, anObject, aNumber, aText, aWhole, listOf, optional, orNull } from './shape.js';

/** Rows of a page at most. */
const PAGE_USAGE_MAX = 1_000;
const PAGE_FOUND_MAX = 100;

export interface UsageQuery {
  /** Absent: of every key. */
  readonly owner?: string;
  /** Days since the epoch, UTC, both included. */
  readonly fromDay: number;
  readonly toDay: number;
  /** 1 to 1000. */
  readonly limit: number;
  /** The row after which to go on. */
  readonly after?: UsagePlace;
}

/** A row of the report; rows are in the order of these three. */
export interface UsagePlace {
  /** Since the epoch, UTC. */
  readonly day: number;
  readonly owner: string;
  readonly model: string;
}

/** What one key used of one model on one day. Runs count when the store has them. */
export interface UsageRow extends UsagePlace {
  readonly runs: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** In the currency of the price table; null: no model of these runs has a price. */
  readonly cost: number | null;
}

export interface SearchQuery {
  readonly owner: string;
  /** Words, "phrases", `or`, and words with a minus that must not be there. */
  readonly text: string;
  /** 1 to 100. */
  readonly limit: number;
  readonly after?: { readonly createdAt: number; readonly runId: string };
}

/** A run of a session in which the words were said. */
export interface FoundText {
  readonly runId: string;
  readonly sessionId: string;
  /** Of the session. */
  readonly title: string | null;
  /** Of the run, ms. */
  readonly createdAt: number;
  /** The words with some of what stands around them. */
  readonly snippet: string;
}

/** What a name of a key has in the store. */
export interface OwnerRows {
  readonly owner: string;
  /** Not completed. */
  readonly jobs: number;
  readonly runs: number;
  readonly sessions: number;
  readonly conversations: number;
  /** Absent from a store of an earlier version. */
  readonly webhooks?: number;
}

export interface MovedRows {
  /** 0: nothing is left. */
  readonly rows: number;
  /** The runs among them: their logs name the owner that they had. */
  readonly runIds: readonly string[];
}

/** What the store can tell over many runs, and what an operator does with the rows of a key. */
export interface StoredAccounts {
  /** In the order of day, key and model. */
  usage(query: UsageQuery): Promise<readonly UsageRow[]>;
  /** What was said in the sessions of a key, the newest runs first. */
  search(query: SearchQuery): Promise<readonly FoundText[]>;
  /** Every name that has rows. @param query.jobsOnly only jobs are counted; other numbers are 0 whatever there is. */
  owners(query: { readonly jobsOnly: boolean }): Promise<readonly OwnerRows[]>;
  /** Gives all jobs of one name to another, with their history. @returns how many. */
  moveJobs(query: { readonly from: string; readonly to: string }): Promise<number>;
  /** Gives some of the rows of one name to another, all but what was used. */
  moveRows(query: { readonly from: string; readonly to: string }): Promise<MovedRows>;
  /** Ids of sessions that both names have, the first ten. */
  sharedSessions(query: { readonly from: string; readonly to: string }): Promise<readonly string[]>;
  /** Deletes some of the rows of a name. @returns how many; 0: nothing is left. */
  erase(query: { readonly owner: string }): Promise<number>;
}

const aDay = aWhole(0, 10_000_000);

export const STORED_ACCOUNTS_CALLS: PortCalls<StoredAccounts> = {
  usage: {
    args: {
      query: anObject({
        owner: optional(aText),
        fromDay: aDay,
        toDay: aDay,
        limit: aWhole(1, PAGE_USAGE_MAX),
        after: optional(anObject({ day: aDay, owner: aText, model: aText })),
      }),
    },
    gives: listOf(anObject({ day: aDay, owner: aText, model: aText, runs: aNumber, cost: orNull(aNumber) })),
  },
  search: {
    args: {
      query: anObject({
        owner: aText,
        text: (value, path) => (String(value).length > LIMITS.searchCharsMax ? path : aText(value, path)),
        limit: aWhole(1, PAGE_FOUND_MAX),
        after: optional(anObject({ createdAt: aNumber, runId: aText })),
      }),
    },
    gives: listOf(anObject({ runId: aText, sessionId: aText, createdAt: aNumber, snippet: aText })),
  },
  owners: {
    args: { query: anObject({ jobsOnly: aFlag }) },
    gives: listOf(
      anObject({
        owner: aText,
        jobs: aNumber,
        runs: aNumber,
        sessions: aNumber,
        conversations: aNumber,
        webhooks: optional(aNumber),
      }),
    ),
  },
  moveJobs: { args: { query: anObject({ from: aText, to: aText }) }, gives: aNumber },
  moveRows: {
    args: { query: anObject({ from: aText, to: aText }) },
    gives: anObject({ rows: aNumber, runIds: listOf(aText) }),
  },
  sharedSessions: { args: { query: anObject({ from: aText, to: aText }) }, gives: listOf(aText) },
  erase: { args: { query: anObject({ owner: aText }) }, gives: aNumber },
};
