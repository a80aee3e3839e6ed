import type { Leases } from '#libs/contract';

/** Leases in memory, for tests. */
export function memoryLeases(): Leases {
  const held = new Map<string, Map<string, number>>();
  /** Holders of a name with the time at which their lease ends; expired ones are removed. */
  const holdersOf = (name: string): Map<string, number> => {
    const holders = held.get(name) ?? new Map<string, number>();
    held.set(name, holders);
    for (const [holder, end] of holders) if (end <= Date.now()) holders.delete(holder);
    return holders;
  };
  return {
    async take(name, holder, { holdersMax, ttlMs }) {
      const holders = holdersOf(name);
      if (!holders.has(holder) && holders.size >= holdersMax) return false;
      holders.set(holder, Date.now() + ttlMs);
      return true;
    },
    async renew(name, holder, ttlMs) {
      const holders = holdersOf(name);
      if (!holders.has(holder)) return false;
      holders.set(holder, Date.now() + ttlMs);
      return true;
    },
    async release(name, holder) {
      holdersOf(name).delete(holder);
    },
    count: async (names) => names.map((name) => holdersOf(name).size),
  };
}
