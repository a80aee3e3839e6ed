import { EMPTY_SNAPSHOT, foldAll, isTerminal, LIMITS, type RunJournal, type RunSnapshot } from '#libs/contract';

/**
 * Folds a run's log, page by page, to its terminal event or as far as it goes now. Rejects with GatewayError
 * `queue_unavailable`.
 * @param from what the log's first events fold to; default: nothing was read yet. A log that is gone gives it back.
 */
export async function foldLog(
  log: RunJournal,
  runId: string,
  from: RunSnapshot = EMPTY_SNAPSHOT,
): Promise<RunSnapshot> {
  let snapshot = from;
  for (;;) {
    const page = await log.read(runId, snapshot.lastSeq, LIMITS.relayReadBatchMax);
    snapshot = foldAll(page, snapshot);
    const last = page.at(-1);
    if (!last || isTerminal(last) || page.length < LIMITS.relayReadBatchMax) return snapshot;
  }
}
