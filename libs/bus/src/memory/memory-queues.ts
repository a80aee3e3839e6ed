import type { Idempotency, PersistQueue, QueuedRun, RunQueue, WorkerInfo, WorkerRegistry } from '#libs/contract';
import { LEFT_SILENT_MS, memoryOf } from '../workers/worker-registry.js';
import { toReservation } from '../locks/idempotency.js';

export interface MemoryRunQueue extends RunQueue {
  /** Takes the oldest waiting run, as a worker would. */
  take(): string | undefined;
}

/** The run queue in memory, for tests. A taken run no longer has a job. Delays never end by themselves. */
export function memoryRunQueue(): MemoryRunQueue {
  const waiting: string[] = [];
  const delayed = new Set<string>();
  const idOf = ({ runId, generation }: QueuedRun): string => `${runId}.${generation}`;
  const enqueue = async (run: QueuedRun): Promise<void> => {
    delayed.delete(idOf(run));
    if (!waiting.includes(idOf(run))) waiting.push(idOf(run));
  };
  return {
    place: async () => ({ kind: 'placed', tag: 0 }),
    enqueue: (runId) => enqueue({ runId, generation: 0 }),
    enqueueParked: async (run) => void (waiting.includes(idOf(run)) || delayed.add(idOf(run))),
    wake: enqueue,
    depth: async () => waiting.length,
    async withJob(runs) {
      const jobs = runs.filter((run) => waiting.includes(idOf(run)) || delayed.has(idOf(run)));
      return new Set(jobs.map(({ runId }) => runId));
    },
    async remove(runId, generation = 0) {
      const id = idOf({ runId, generation });
      delayed.delete(id);
      const at = waiting.indexOf(id);
      if (at >= 0) waiting.splice(at, 1);
    },
    take: () => waiting.shift()?.split('.')[0],
    close: async () => undefined,
  };
}

export interface MemoryPersistQueue extends PersistQueue {
  readonly runIds: readonly string[];
}

/** The persist queue in memory, for tests: keeps the ids of all enqueued runs. */
export function memoryPersistQueue(): MemoryPersistQueue {
  const runIds: string[] = [];
  return {
    runIds,
    enqueue: async (more) => void runIds.push(...more),
    depth: async () => runIds.length,
    close: async () => undefined,
  };
}

export interface MemoryIdempotency extends Idempotency {
  /** Whether the key names the run and was marked. */
  isOpened(scope: string, runId: string): boolean;
  /** Marks the key if it names the run. */
  markOpened(scope: string, runId: string): void;
}

/** Idempotency keys in memory, for tests; they never expire. */
export function memoryIdempotency(): MemoryIdempotency {
  const held = new Map<string, string>();
  const names = (scope: string, runId: string): boolean => held.get(scope)?.split(' ')[1] === runId;
  const mark = (scope: string, runId: string): void => {
    if (names(scope, runId)) held.set(scope, `${held.get(scope)?.split(' ', 2).join(' ')} opened`);
  };
  return {
    isOpened: (scope, runId) => names(scope, runId) && held.get(scope)?.split(' ')[2] !== undefined,
    markOpened: mark,
    markMade: async (scope, runId) => mark(scope, runId),
    async reserve(scope, fingerprint, runId) {
      const before = held.get(scope) ?? null;
      if (before === null) held.set(scope, `${fingerprint} ${runId}`);
      return toReservation(before, fingerprint);
    },
    async release(scope, runId) {
      if (names(scope, runId)) held.delete(scope);
    },
  };
}

/** The worker registry in memory, for tests. */
export function memoryWorkerRegistry(): WorkerRegistry {
  const workers = new Map<string, { info: WorkerInfo; at: number }>();
  return {
    announce: async (info) => void workers.set(info.id, { info, at: Date.now() }),
    async leave(workerId) {
      const left = workers.get(workerId);
      workers.delete(workerId);
      if (!left) return;
      const memory = memoryOf(left.info);
      workers.set(memory.id, { info: memory, at: Date.now() - LEFT_SILENT_MS });
    },
    list: async () => [...workers.values()].map(({ info, at }) => ({ info, silentMs: Date.now() - at })),
  };
}
