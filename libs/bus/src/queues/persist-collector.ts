import type { PersistQueue } from '#libs/contract';

export interface PersistCollector {
  /** Collects finished runs and resolves at once. They are enqueued with their neighbours within `COLLECT_MS`. */
  enqueue(runIds: readonly string[]): Promise<void>;
  /** Enqueues the remaining runs. */
  close(): Promise<void>;
}

/**
 * Long enough to fill a job at a hundred runs per second: a row in a full batch costs the store a third of what it
 * costs in a batch of ten. No reader waits for rows, because the log answers first and lives for an hour after the rows
 * were confirmed. If the process dies meanwhile, the scheduler's duty `persist-unconfirmed` stores its runs.
 */
const COLLECT_MS = 1_000;

/** Gathers finished runs, because one job per run would cost as much as queueing the run itself. */
export function persistCollector(queue: PersistQueue, onError: (cause: unknown) => void): PersistCollector {
  let runIds: string[] = [];
  let timer: NodeJS.Timeout | undefined;

  const send = async (): Promise<void> => {
    timer = undefined;
    const batch = runIds;
    runIds = [];
    if (batch.length === 0) return;
    try {
      await queue.enqueue(batch);
    } catch (cause) {
      onError(cause);
    }
  };
  return {
    async enqueue(ended) {
      runIds.push(...ended);
      timer ??= setTimeout(() => void send(), COLLECT_MS);
    },
    async close() {
      clearTimeout(timer);
      await send();
    },
  };
}
