import { EMPTY_SNAPSHOT, foldAll, isTerminal, LIMITS, type RunJournal, type RunSnapshot } from '#libs/contract';

/**
 * Folds a run's log, page by page, to its terminal event or to its present end. Rejects with GatewayError
 * `queue_unavailable`.
 * @param from the fold of the log's first events; default: nothing was read yet. It is returned when the log no longer
 *   exists.
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
