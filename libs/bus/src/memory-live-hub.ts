import type { MemoryRunLog } from './memory-run-log.js';
import type { LiveHub, Wake } from './ports.js';

/** The live hub over a memory log. */
export function memoryLiveHub(log: MemoryRunLog, instance: string): LiveHub {
  const watchers = new Map<string, Set<Wake>>();
  log.subscribe((runId, events) => {
    for (const wake of watchers.get(runId) ?? []) wake(events);
  });
  return {
    instance,
    async watch(runId, _instance, wake) {
      const set = watchers.get(runId) ?? new Set<Wake>();
      watchers.set(runId, set.add(wake));
      return {
        async close() {
          set.delete(wake);
          if (set.size === 0 && watchers.get(runId) === set) watchers.delete(runId);
        },
      };
    },
    close: async () => watchers.clear(),
  };
}
