import { hasEnded, type RunIndex, type StoredRuns } from '#libs/contract';
import type { FoundRun, Runs } from '#libs/runs';

export interface DeletePorts {
  readonly runs: Pick<Runs, 'cancel'>;
  readonly log: Pick<RunIndex, 'markDeleted'>;
  readonly store: Pick<StoredRuns, 'deleteRun'>;
}

/**
 * Nobody sees the run any more; what continues it goes on knowing it. The store first: if it is away nothing has
 * changed, and the client may try again. A run that is still going is ended.
 */
export async function deleteRun({ runs, log, store }: DeletePorts, runId: string, found: FoundRun): Promise<void> {
  await store.deleteRun(runId);
  if (found.kind === 'logged') await log.markDeleted(runId);
  const isOver = found.kind === 'logged' ? found.head.ended : hasEnded(found.snapshot);
  if (!isOver) await runs.cancel(runId, 'requested');
}
