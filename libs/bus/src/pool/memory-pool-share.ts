import type {
  MemberHealth,
  PoolCheck,
  PoolMemberKey,
  PoolOffice,
  PoolReport,
  PoolShare,
  PoolTake,
  PoolTaken,
} from '#libs/contract';
import { HEALTHY, POOL_TERMS } from './pool-terms.js';

interface Place {
  readonly requests: number;
  readonly tokens: number;
  readonly until: number;
}

/** What several workers of one process share; for tests, and for a worker that cannot ask Redis. */
export interface MemoryPool extends PoolOffice {
  of(worker: string): PoolShare;
}

/** @param clock milliseconds; for tests. */
export const memoryPool = (clock: () => number = Date.now): MemoryPool => new PoolInMemory(clock);

const keyOf = ({ upstream, model }: PoolMemberKey): string => JSON.stringify([upstream, model]);

class PoolInMemory implements MemoryPool {
  private readonly flights = new Map<string, Map<string, Place>>();
  private readonly members = new Map<string, { readonly health: MemberHealth; readonly probeUntil: number }>();
  private readonly homes = new Map<string, { readonly upstream: string; readonly until: number }>();
  private readonly drained = new Set<string>();
  private readonly told = new Map<string, PoolReport>();
  private readonly checks = new Set<string>();
  private readonly checked = new Map<string, PoolCheck>();
  private generation = 0;

  constructor(private readonly clock: () => number) {}

  of(worker: string): PoolShare {
    return {
      look: (members, key) => this.look(members, key),
      enter: async (entry) => this.enter(worker, entry),
      take: (request) => this.take(worker, request),
      weigh: async ({ upstream }, tokens) => this.add(upstream, worker, { requests: 0, tokens }),
      leave: async ({ upstream }, tokens) => this.add(upstream, worker, { requests: -1, tokens: -tokens }),
      change: async (member, change) => {
        const health = change(this.stateOf(member).health, this.clock());
        this.members.set(keyOf(member), { health, probeUntil: 0 });
      },
      beat: async (report) => this.beat(worker, report),
      tellCheck: async (upstream, check) => void this.checked.set(upstream, { at: this.clock(), ...check }),
    };
  }

  async look(asked: readonly PoolMemberKey[], key: string): ReturnType<PoolShare['look']> {
    const binding = this.homeOf(key);
    return {
      now: this.clock(),
      ...(binding !== undefined && { binding }),
      members: asked.map((member) => {
        const { requests: inFlight, tokens: inFlightTokens } = this.sumOf(member.upstream);
        const isDrained = this.drained.has(member.upstream);
        return { inFlight, inFlightTokens, ...this.stateOf(member), isDrained };
      }),
    };
  }

  async drain(upstream: string, isDrained: boolean): Promise<void> {
    if (isDrained) this.drained.add(upstream);
    else this.drained.delete(upstream);
  }

  async forgive(keys: readonly PoolMemberKey[]): Promise<void> {
    for (const key of keys) this.members.delete(keyOf(key));
  }

  async bindings(upstreams: readonly string[]): Promise<readonly number[]> {
    const live = [...this.homes.values()].filter(({ until }) => until > this.clock());
    return upstreams.map((name) => live.filter(({ upstream }) => upstream === name).length);
  }

  async reports(): Promise<readonly PoolReport[]> {
    return [...this.told.values()].filter(({ at = 0 }) => at >= this.clock() - POOL_TERMS.reportMs);
  }

  async askReload(): Promise<number> {
    return ++this.generation;
  }

  async askCheck(upstream: string): Promise<void> {
    this.checks.add(upstream);
  }

  async lastCheck(upstream: string): Promise<PoolCheck | undefined> {
    return this.checked.get(upstream);
  }

  async now(): Promise<number> {
    return this.clock();
  }

  private enter(worker: string, entry: Parameters<PoolShare['enter']>[0]): 'entered' | 'full' | 'cooling' {
    const { member, tokens, inFlightMax = Infinity, key, binds, isForced } = entry;
    if (!isForced && this.sumOf(member.upstream).requests >= inFlightMax) return 'full';
    const { health, probeUntil } = this.stateOf(member);
    if (!isForced && health.until > 0) {
      if (health.until > this.clock() || probeUntil > this.clock()) return 'cooling';
      this.members.set(keyOf(member), { health, probeUntil: this.clock() + POOL_TERMS.probeMs });
    }
    this.add(member.upstream, worker, { requests: 1, tokens });
    if (key !== undefined && (binds || this.homeOf(key) === member.upstream)) this.bind(key, member.upstream);
    return 'entered';
  }

  private async take(worker: string, { members, key, tokens, proposal }: PoolTake): Promise<PoolTaken> {
    const home = members.findIndex(({ upstream }) => upstream === this.homeOf(key));
    const at = home < 0 ? (proposal ?? -1) : home;
    const member = members[at];
    if (member && !member.isShunned && !this.drained.has(member.upstream)) {
      const isWell = this.stateOf(member).health.until === 0;
      const { inFlightMax = Infinity } = member;
      const asked = { member, tokens, key, binds: true, inFlightMax };
      if (isWell && this.enter(worker, asked) === 'entered') return { kind: 'entered', at, isNew: home < 0 };
    }
    return { kind: 'seen', ...(await this.look(members, key)) };
  }

  private beat(worker: string, report: PoolReport): Awaited<ReturnType<PoolShare['beat']>> {
    this.told.set(worker, { ...report, at: this.clock() });
    for (const { upstream } of report.members) {
      if (this.rowsOf(upstream).has(worker)) this.add(upstream, worker, { requests: 0, tokens: 0 });
    }
    const checks = [...this.checks];
    this.checks.clear();
    return { generation: this.generation, checks };
  }

  private stateOf(key: PoolMemberKey): { readonly health: MemberHealth; readonly probeUntil: number } {
    return this.members.get(keyOf(key)) ?? { health: HEALTHY, probeUntil: 0 };
  }

  /** Rows of workers whose places count. */
  private rowsOf(upstream: string): Map<string, Place> {
    const rows = this.flights.get(upstream) ?? new Map<string, Place>();
    this.flights.set(upstream, rows);
    for (const [worker, { until }] of rows) if (until <= this.clock()) rows.delete(worker);
    return rows;
  }

  private sumOf(upstream: string): { readonly requests: number; readonly tokens: number } {
    const rows = [...this.rowsOf(upstream).values()];
    return {
      requests: rows.reduce((sum, row) => sum + row.requests, 0),
      tokens: rows.reduce((sum, row) => sum + row.tokens, 0),
    };
  }

  private add(upstream: string, worker: string, more: { readonly requests: number; readonly tokens: number }): void {
    const rows = this.rowsOf(upstream);
    const row = rows.get(worker);
    rows.set(worker, {
      requests: Math.max(0, (row?.requests ?? 0) + more.requests),
      tokens: Math.max(0, (row?.tokens ?? 0) + more.tokens),
      until: this.clock() + POOL_TERMS.placeMs,
    });
  }

  private homeOf(key: string): string | undefined {
    const home = this.homes.get(key);
    return home && home.until > this.clock() ? home.upstream : undefined;
  }

  /** The binding that was used least lately goes first. */
  private bind(key: string, upstream: string): void {
    this.homes.delete(key);
    this.homes.set(key, { upstream, until: this.clock() + POOL_TERMS.homeMs });
    const [oldest] = this.homes.keys();
    if (this.homes.size > POOL_TERMS.homesMax && oldest !== undefined) this.homes.delete(oldest);
  }
}
