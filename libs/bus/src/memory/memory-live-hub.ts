import type { LiveHub, Wake } from '#libs/contract';
import type { MemoryRunLog } from './memory-run-log.js';

/** The live hub over a memory log. */
export function memoryLiveHub(log: MemoryRunLog, instance: string): LiveHub {
  const watchers = new Map<string, Set<Wake>>();
  const unfollow = new Map<string, () => void>();
  log.subscribe((runId, events) => {
    for (const wake of watchers.get(runId) ?? []) wake(events);
  });
  return {
    instance,
    async watch(runId, runInstance, wake) {
      const set = watchers.get(runId) ?? new Set<Wake>();
      watchers.set(runId, set.add(wake));
      if (runInstance !== instance && !unfollow.has(runId)) unfollow.set(runId, log.follow(runId));
      return {
        async close() {
          set.delete(wake);
          if (set.size > 0 || watchers.get(runId) !== set) return;
          watchers.delete(runId);
          unfollow.get(runId)?.();
          unfollow.delete(runId);
        },
      };
    },
    async close() {
      watchers.clear();
      for (const leave of unfollow.values()) leave();
      unfollow.clear();
    },
  };
}
