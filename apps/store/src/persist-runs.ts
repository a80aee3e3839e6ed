import {
  costOf,
  hasEnded,
  pendingCalls,
  type PriceTable,
  type RunIndex,
  type RunJournal,
  type RunSnapshot,
} from '#libs/contract';
import type { Logger } from '#libs/platform';
import {
  sqlFault,
  upsertRuns,
  upsertSessions,
  upsertTexts,
  upsertUsage,
  type SessionRun,
  type SqlDatabase,
} from '#libs/store';
import { appendTurn } from './append-turn.js';
import { noteForWebhooks } from './note-for-webhooks.js';
import { charsOf, readLoggedRun, type LoggedRun } from './read-logged-run.js';

/**
 * Logs that are read at the same time. Their commands share one turn of the event loop, and so one packet. A log has up
 * to 16 MB.
 */
const READS_AT_ONCE_MAX = 25;
/** Characters of answers and tool outputs that a batch gathers before it writes and releases them. */
const GATHERED_CHARS_MAX = 16_000_000;

export interface PersistPorts {
  readonly log: RunJournal & RunIndex;
  readonly db: SqlDatabase;
  readonly logger: Logger;
  readonly prices: PriceTable;
  /** Called with the rows that were written and, for ended runs, confirmed. */
  readonly meters?: { wrote(runs: readonly RunSnapshot[]): void };
  /** Called with how many rows were written. */
  readonly texts?: { stored(runs: number): void };
}

/**
 * Makes the handler of the persist queue. The handler folds the logs of these runs, writes the rows and what they add
 * to conversations, then confirms the runs that have ended. Doing a batch twice, or half of it, does no harm: rows are
 * upserted by version, and confirming comes last.
 *
 *   log gone        confirmed long ago and expired: skipped
 *   waits           its requests for approval are noted for webhooks, and nothing is written
 *   not ended       written as it is now, not confirmed: whoever ends it enqueues it again, or the scheduler does
 *   row impossible  logged, not confirmed, and does not delay the rest of the batch; the scheduler brings it again
 *   database away   rejects: the queue brings the batch again, for ever
 */
export function persistRuns(ports: PersistPorts): (runIds: readonly string[]) => Promise<void> {
  return async (runIds) => {
    let gathered: LoggedRun[] = [];
    let chars = 0;
    const flush = async (): Promise<void> => {
      const batch = gathered;
      [gathered, chars] = [[], 0];
      await storeAndConfirm(ports, batch);
    };
    for (let i = 0; i < runIds.length; i += READS_AT_ONCE_MAX) {
      const reads = runIds.slice(i, i + READS_AT_ONCE_MAX).map((runId) => readLoggedRun(ports, runId));
      for (const run of await Promise.all(reads)) {
        if (!run) continue;
        gathered.push(run);
        chars += charsOf(run);
      }
      if (chars > GATHERED_CHARS_MAX) await flush();
    }
    await flush();
  };
}

async function storeAndConfirm(ports: PersistPorts, batch: readonly LoggedRun[]): Promise<void> {
  const waiting = batch.filter(({ snapshot }) => pendingCalls(snapshot).length > 0);
  await storeRuns(ports, waiting.length === 0 ? batch : batch.filter((run) => !waiting.includes(run)));
  // Of a run that waits, the rows come with its end.
  await noteForWebhooks(
    ports.db,
    waiting.map(({ snapshot }) => snapshot),
  );
}

async function storeRuns(ports: PersistPorts, batch: readonly LoggedRun[]): Promise<void> {
  if (batch.length === 0) return;
  const written = await write(ports, batch);
  for (const run of batch) await appendTurn(ports, run);
  // Before they are confirmed: a run that is not is brought again, and noting an event twice changes nothing.
  await noteForWebhooks(ports.db, written);
  const ended = written.filter(hasEnded).map((run) => run.runId);
  const running = written.filter((run) => !hasEnded(run)).map((run) => run.runId);
  if (running.length > 0) ports.logger.warn({ runIds: running }, 'stored before their end; to be stored again');
  if (ended.length > 0) await ports.log.confirmPersisted(ended);
  ports.meters?.wrote(written);
  ports.texts?.stored(written.length);
}

/** @returns the runs of the batch that are now in the database. */
async function write(ports: PersistPorts, batch: readonly LoggedRun[]): Promise<readonly RunSnapshot[]> {
  const { db, logger } = ports;
  const inputs = new Map(batch.flatMap(({ snapshot, input }) => (input ? [[snapshot.runId, input] as const] : [])));
  const snapshots = batch.map(({ snapshot }) => snapshot);
  const noted = new Map(batch.map((run) => [run.snapshot.runId, sessionRunOf(run, ports.prices)]));
  try {
    await upsertRuns(db, snapshots, inputs);
    await note(db, [...noted.values()]);
    return snapshots;
  } catch (cause) {
    if (sqlFault(cause) !== 'data') throw cause;
  }
  // One of the rows cannot be stored. Written one at a time, the others can.
  const written: RunSnapshot[] = [];
  for (const run of snapshots) {
    try {
      await upsertRuns(db, [run], inputs);
      await note(db, [noted.get(run.runId) ?? { snapshot: run }]);
      written.push(run);
    } catch (cause) {
      if (sqlFault(cause) !== 'data') throw cause;
      logger.error({ err: cause, runId: run.runId }, 'the database cannot hold this run');
    }
  }
  return written;
}

/** What is kept of runs beside their rows. Their sessions come last: they may take the rows of a deleted one away. */
async function note(db: SqlDatabase, runs: readonly SessionRun[]): Promise<void> {
  await upsertUsage(db, runs);
  await upsertTexts(db, runs);
  await upsertSessions(db, runs);
}

function sessionRunOf(run: LoggedRun, prices: PriceTable): SessionRun {
  const cost = costOf(run.snapshot, prices);
  return { ...run, ...(cost !== undefined && { cost }) };
}
