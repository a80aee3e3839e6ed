import { EMPTY_SNAPSHOT, foldAll, hasEnded, LIMITS, type RunSnapshot } from '#libs/contract';
import type { RunLog } from '#libs/bus';
import type { Logger } from '#libs/platform';
import { sqlFault, upsertRuns, type SqlDatabase } from '#libs/store';

/** Logs that are read at the same time: their commands share a turn, and so a packet. A log has up to 16 MB. */
const READS_AT_ONCE_MAX = 25;
/** Characters of answers and tool outputs that a batch gathers before they are written and let go. */
const GATHERED_CHARS_MAX = 16_000_000;

export interface PersistPorts {
  readonly log: Pick<RunLog, 'read' | 'confirmPersisted'>;
  readonly db: SqlDatabase;
  readonly logger: Logger;
}

/**
 * Makes the handler of the persist queue: folds the logs of these runs, writes the rows, then confirms the runs that
 * have ended. Doing a batch twice, or half, does no harm: rows are upserts by version, and confirming comes last.
 *
 *   log gone        confirmed long ago and expired: skipped
 *   not ended       written as it is, not confirmed: whoever ends it enqueues it again, or the scheduler does
 *   row impossible  told, not confirmed, and no reason to hold up the rest of the batch; the scheduler brings it again
 *   database away   rejects: the queue brings the batch again, for ever
 */
export function persistRuns(ports: PersistPorts): (runIds: readonly string[]) => Promise<void> {
  return async (runIds) => {
    let gathered: RunSnapshot[] = [];
    let chars = 0;
    const flush = async (): Promise<void> => {
      const batch = gathered;
      [gathered, chars] = [[], 0];
      await storeAndConfirm(ports, batch);
    };
    for (let i = 0; i < runIds.length; i += READS_AT_ONCE_MAX) {
      const reads = runIds.slice(i, i + READS_AT_ONCE_MAX).map((runId) => readRun(ports, runId));
      for (const snapshot of await Promise.all(reads)) {
        if (!snapshot) continue;
        gathered.push(snapshot);
        chars += charsOf(snapshot);
      }
      if (chars > GATHERED_CHARS_MAX) await flush();
    }
    await flush();
  };
}

async function readRun({ log, logger }: PersistPorts, runId: string): Promise<RunSnapshot | undefined> {
  let snapshot = EMPTY_SNAPSHOT;
  for (;;) {
    const page = await log.read(runId, snapshot.lastSeq, LIMITS.relayReadBatchMax);
    snapshot = foldAll(page, snapshot);
    if (page.length < LIMITS.relayReadBatchMax) break;
  }
  if (snapshot.runId === runId) return snapshot;
  if (snapshot.lastSeq === 0) logger.info({ runId }, 'the log of a run to store has expired: it was stored before');
  else logger.error({ runId, lastSeq: snapshot.lastSeq }, 'the log of a run has lost its beginning; it is not stored');
  return undefined;
}

async function storeAndConfirm(ports: PersistPorts, batch: readonly RunSnapshot[]): Promise<void> {
  const written = await write(ports, batch);
  const ended = written.filter(hasEnded).map((run) => run.runId);
  const running = written.filter((run) => !hasEnded(run)).map((run) => run.runId);
  if (running.length > 0) ports.logger.warn({ runIds: running }, 'stored before their end; to be stored again');
  if (ended.length > 0) await ports.log.confirmPersisted(ended);
}

/** @returns those of the batch that are in the database now. */
async function write({ db, logger }: PersistPorts, batch: readonly RunSnapshot[]): Promise<readonly RunSnapshot[]> {
  try {
    await upsertRuns(db, batch);
    return batch;
  } catch (cause) {
    if (sqlFault(cause) !== 'data') throw cause;
  }
  // Some row cannot be stored. One at a time, the others can.
  const written: RunSnapshot[] = [];
  for (const run of batch) {
    try {
      await upsertRuns(db, [run]);
      written.push(run);
    } catch (cause) {
      if (sqlFault(cause) !== 'data') throw cause;
      logger.error({ err: cause, runId: run.runId }, 'the database cannot hold this run');
    }
  }
  return written;
}

function charsOf({ items }: RunSnapshot): number {
  return items.reduce((sum, item) => {
    const size = item.type === 'tool_call' ? item.arguments.length + (item.output?.length ?? 0) : item.text.length;
    return sum + size;
  }, 0);
}
