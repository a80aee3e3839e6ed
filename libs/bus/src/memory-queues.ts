import { toReservation } from './idempotency.js';
import type { Idempotency, PersistQueue, RunQueue, WorkerInfo, WorkerRegistry } from './ports.js';

export interface MemoryRunQueue extends RunQueue {
  /** Takes the oldest waiting run, as a worker would. */
  take(): string | undefined;
}

/** The run queue in memory, for tests. A taken run has no job any more. */
export function memoryRunQueue(): MemoryRunQueue {
  const waiting: string[] = [];
  return {
    async enqueue(runId) {
      if (!waiting.includes(runId)) waiting.push(runId);
    },
    depth: async () => waiting.length,
    withJob: async (runIds) => new Set(runIds.filter((runId) => waiting.includes(runId))),
    async remove(runId) {
      const at = waiting.indexOf(runId);
      if (at >= 0) waiting.splice(at, 1);
    },
    take: () => waiting.shift(),
    close: async () => undefined,
  };
}

export interface MemoryPersistQueue extends PersistQueue {
  readonly runIds: readonly string[];
}

/** The persist queue in memory, for tests: it keeps what was enqueued. */
export function memoryPersistQueue(): MemoryPersistQueue {
  const runIds: string[] = [];
  return {
    runIds,
    enqueue: async (more) => void runIds.push(...more),
    depth: async () => runIds.length,
    close: async () => undefined,
  };
}

/** Idempotency keys in memory, for tests; they never expire. */
export function memoryIdempotency(): Idempotency {
  const held = new Map<string, string>();
  return {
    async reserve(scope, fingerprint, runId) {
      const before = held.get(scope) ?? null;
      if (before === null) held.set(scope, `${fingerprint} ${runId}`);
      return toReservation(before, fingerprint);
    },
    async release(scope, runId) {
      if (held.get(scope)?.endsWith(runId)) held.delete(scope);
    },
  };
}

/** The worker registry in memory, for tests. */
export function memoryWorkerRegistry(): WorkerRegistry {
  const workers = new Map<string, { info: WorkerInfo; at: number }>();
  return {
    announce: async (info) => void workers.set(info.id, { info, at: Date.now() }),
    leave: async (workerId) => void workers.delete(workerId),
    list: async () => [...workers.values()].map(({ info, at }) => ({ info, silentMs: Date.now() - at })),
  };
}
