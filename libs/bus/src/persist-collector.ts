import type { PersistQueue } from './ports.js';

export interface PersistCollector {
  /** Notes a finished run; it is enqueued with its neighbours within `COLLECT_MS`. */
  add(runId: string): void;
  /** Enqueues what is left. */
  close(): Promise<void>;
}

/**
 * Long enough to fill a job when a thousand runs end per second, short against everything that waits for rows. Nobody
 * reads a fresh run from the store (the log answers first), and a process that dies in between is made good by the
 * scheduler's `persist-unconfirmed` duty.
 */
const COLLECT_MS = 250;

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
    add(runId) {
      runIds.push(runId);
      timer ??= setTimeout(() => void send(), COLLECT_MS);
    },
    async close() {
      clearTimeout(timer);
      await send();
    },
  };
}
