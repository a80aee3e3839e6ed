import { JOB_LIMITS, LIMITS, WEBHOOK_LIMITS } from '#libs/contract';
import type { Logger } from '#libs/platform';
import {
  deleteConversationsUnusedSince,
  deleteDeliveriesBefore,
  deleteJobsEndedBefore,
  deleteOldestRuns,
  deleteRunsBefore,
  deleteRunUsageBefore,
  deleteSessionsUnusedSince,
  deleteSurplusDeliveries,
  deleteUsageBefore,
  dropOldDeletionMarks,
  eraseDeletedRuns,
  noteMissingTexts,
  noteMissingUsage,
  surplusDeliveries,
  surplusOfOwners,
  type SqlDatabase,
} from '#libs/store';

/** Most rows of one statement: an embedded database does nothing else meanwhile. */
const BATCH_ROWS_MAX = 200;
/** Deliveries are small, and there are several for each run. */
const BATCH_DELIVERIES_MAX = 1_000;
/**
 * Most batches of one rule in one sweep. With a bound of runs per owner, of one owner. The rest waits for the next
 * sweep.
 */
const BATCHES_MAX = 500;
const DAY_MS = 86_400_000;
/**
 * A deleted run stays hidden in its row for this long, because a run that continued it may be on its way into the
 * database. This is longer than any run and its log.
 */
const DELETED_RUN_HOLD_MS = DAY_MS;
/** After this time no log remains from which the row of a deleted run could be written again. */
const DELETION_MARK_MS = 14 * DAY_MS;

/** Stores of two versions do not write side by side for longer. */
const NOTED_AGAIN_MS = DAY_MS;

export interface RetentionSettings {
  /** 0: rows have no age limit. */
  readonly retentionDays: number;
  /** Per owner; 0: no bound. */
  readonly retentionRunsMax: number;
}

export interface RetentionPorts {
  readonly db: SqlDatabase;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Called when texts were noted that are not in the index of the search yet. */
  readonly texts?: { stored(runs: number): void };
}

/**
 * Deletes expired rows in batches, so that reads and writes get a turn in between. Several stores may sweep at the
 * same time. Rejects when the database does; the next sweep continues.
 *
 *   older than retentionDays      goes, whoever continues it: a conversation then begins at its oldest turn still there
 *                                 with what it used; sessions and conversations of that age go when nothing is in them
 *   beyond retentionRunsMax       the same, the oldest of an owner first
 *   deleted by its owner          goes after a day, once no other run continues it
 *   completed jobs                go after a week, with the history of their runs
 *   deliveries of webhooks        go after WEBHOOK_LIMITS.keptDaysMax, the oldest beyond `keptMax` of a webhook before
 *   beside runs of the last day   is added what a store of an earlier version has not noted: usage, texts to search
 *   what runs used                goes after LIMITS.usageDaysMax, whatever became of the runs
 */
export async function sweepOnce(
  { db, logger, now, texts }: RetentionPorts,
  settings: RetentionSettings,
  signal: AbortSignal,
): Promise<void> {
  const { retentionDays, retentionRunsMax } = settings;
  const inBatches: InBatches = async (remove) => {
    let rows = 0;
    for (let i = 0; i < BATCHES_MAX && !signal.aborted; i++) {
      const removed = await remove(BATCH_ROWS_MAX);
      rows += removed;
      if (removed === 0) break;
    }
    return rows;
  };
  const recent = now() - NOTED_AGAIN_MS;
  const noted = {
    usage: await inBatches((limit) => noteMissingUsage(db, recent, limit)),
    texts: await noteTexts(db, recent, signal),
  };
  if (noted.texts > 0) texts?.stored(noted.texts);
  if (noted.usage + noted.texts > 0) logger.info(noted, 'runs of another store were noted');
  const oldest = now() - retentionDays * DAY_MS;
  const isAged = retentionDays > 0;
  const deleted = {
    aged: isAged ? await inBatches((limit) => deleteRunsBefore(db, oldest, limit)) : 0,
    surplus: retentionRunsMax > 0 ? await deleteSurplus(db, retentionRunsMax, inBatches) : 0,
    byOwners: await inBatches((limit) => eraseDeletedRuns(db, now() - DELETED_RUN_HOLD_MS, limit)),
    conversations: isAged ? await inBatches((limit) => deleteConversationsUnusedSince(db, oldest, limit)) : 0,
    usage: isAged ? await inBatches((limit) => deleteUsageBefore(db, oldest, limit)) : 0,
    jobs: await inBatches((limit) => deleteJobsEndedBefore(db, now() - JOB_LIMITS.completedDaysMax * DAY_MS, limit)),
    deliveries: await deleteDeliveries(db, now() - WEBHOOK_LIMITS.keptDaysMax * DAY_MS, inBatches),
    used: await inBatches((limit) => deleteRunUsageBefore(db, now() - LIMITS.usageDaysMax * DAY_MS, limit)),
    sessions: isAged ? await inBatches((limit) => deleteSessionsUnusedSince(db, oldest, limit)) : 0,
  };
  await inBatches((limit) => dropOldDeletionMarks(db, now() - DELETION_MARK_MS, limit));
  if (Object.values(deleted).some((rows) => rows > 0)) logger.info(deleted, 'rows were deleted');
}

/** @returns how many batches it took. */
async function noteTexts(db: SqlDatabase, since: number, signal: AbortSignal): Promise<number> {
  let after: string | undefined = '';
  let batches = 0;
  while (batches < BATCHES_MAX && !signal.aborted) {
    after = await noteMissingTexts(db, since, after);
    if (after === undefined) break;
    batches++;
  }
  return batches;
}

type InBatches = (remove: (limit: number) => Promise<number>) => Promise<number>;

/** Of age, and of each webhook those beyond what it may keep. @returns how many. */
async function deleteDeliveries(db: SqlDatabase, before: number, inBatches: InBatches): Promise<number> {
  let rows = await inBatches(() => deleteDeliveriesBefore(db, before, BATCH_DELIVERIES_MAX));
  let after: string | undefined = '';
  while (after !== undefined) {
    const { full, last } = await surplusDeliveries(db, after);
    for (const one of full) rows += await inBatches(() => deleteSurplusDeliveries(db, one, BATCH_DELIVERIES_MAX));
    after = last;
  }
  return rows;
}

/** Counts once, because a count reads every run. Runs that arrive meanwhile are left to the next sweep. */
async function deleteSurplus(db: SqlDatabase, max: number, inBatches: InBatches): Promise<number> {
  let rows = 0;
  for (const { owner, surplus } of await surplusOfOwners(db, max)) {
    let left = surplus;
    rows += await inBatches(async (limit) => {
      const removed = left > 0 ? await deleteOldestRuns(db, owner, Math.min(left, limit)) : 0;
      left -= removed;
      return removed;
    });
  }
  return rows;
}

const SWEEP_PERIOD_MS = 600_000;
const FIRST_SWEEP_MS = 60_000;

/** Sweeps every ten minutes. @returns a function that stops it and resolves when no sweep runs any more. */
export function startRetention(ports: RetentionPorts, settings: RetentionSettings): () => Promise<void> {
  const stopping = new AbortController();
  let sweep = Promise.resolve();
  let timer = setTimeout(look, FIRST_SWEEP_MS);
  timer.unref();

  function look(): void {
    sweep = sweepOnce(ports, settings, stopping.signal)
      .catch((cause: unknown) => ports.logger.warn({ err: cause }, 'a retention sweep broke off'))
      .then(() => {
        if (stopping.signal.aborted) return;
        timer = setTimeout(look, SWEEP_PERIOD_MS);
        timer.unref();
      });
  }
  return async () => {
    stopping.abort();
    clearTimeout(timer);
    await sweep;
  };
}
