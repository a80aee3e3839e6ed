/** Why an upstream is left alone for a while. `credentials`, `quota` and `no_model` do not pass within seconds. */
export type CoolingCause =
  'rate_limited' | 'quota' | 'credentials' | 'no_model' | 'failing' | 'unreachable' | 'timeout';

/** How one model at one upstream has been answering. Times are milliseconds of the share's clock. */
export interface MemberHealth {
  /** Failures of the last while that did not take it out, oldest first. */
  readonly failures: readonly number[];
  /** Nobody asks it before this time; behind it one request tries it. 0: nothing is known against it. */
  readonly until: number;
  /** How often it was taken out without a good answer between: each time for twice as long. */
  readonly level: number;
  readonly cause?: CoolingCause;
}

/** One model at one upstream. */
export interface PoolMemberKey {
  readonly upstream: string;
  readonly model: string;
}

/** What all workers together know of a member. */
export interface MemberFacts {
  /** Requests under way at the upstream, for whatever model, and the tokens of their input. */
  readonly inFlight: number;
  readonly inFlightTokens: number;
  readonly health: MemberHealth;
  /** A request is trying it; until then nobody else does. 0: none. */
  readonly probeUntil: number;
  readonly isDrained: boolean;
}

/** A place at a member. */
export interface PoolEntry {
  readonly member: PoolMemberKey;
  /** Of the request's input; an estimate. */
  readonly tokens: number;
  /** Absent: no bound. */
  readonly inFlightMax?: number;
  /** Of the session. Its binding lives on when it is for this upstream. Absent: the place is for no session. */
  readonly key?: string;
  /** Requests of the key come here from now on. */
  readonly binds?: boolean;
  /** The member is asked once more for the same request, in another manner: bounds and health do not matter. */
  readonly isForced?: boolean;
}

/** What a worker tells of its part in the pools every few seconds. Numbers count from its start. */
export interface PoolReport {
  readonly worker: string;
  /** Milliseconds of the share's clock, added by the share. */
  readonly at?: number;
  /** The reload that it has carried out last, and what was wrong with its settings. */
  readonly generation: number;
  readonly reloadError?: string;
  readonly members: readonly MemberReport[];
}

export interface MemberReport extends PoolMemberKey {
  readonly calls: number;
  readonly failures: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  /** Expected time to the first event, from recent answers. Absent: there were too few. */
  readonly firstTokenMs?: number;
}

/** What operators want, as a worker hears it. */
export interface PoolOrders {
  /** Counts the reloads that were asked for. */
  readonly generation: number;
  /** Upstreams that this worker shall ask for their models now; no other worker is told. */
  readonly checks: readonly string[];
}

export interface PoolCheck {
  /** Milliseconds of the share's clock. */
  readonly at: number;
  readonly models?: number;
  readonly error?: string;
}

/**
 * What the workers of a deployment know together of upstreams in pools. The places of a worker that dies are free again
 * after some seconds. The clock is the share's own. Every method rejects with GatewayError `queue_unavailable` when the
 * server does not answer.
 */
export interface PoolShare {
  /** The members, in their order, and where requests of the key go. */
  look(
    members: readonly PoolMemberKey[],
    key: string,
  ): Promise<{ readonly now: number; readonly binding?: string; readonly members: readonly MemberFacts[] }>;
  /** Takes a place. `cooling`: the member may not be asked now, or another request is trying it. */
  enter(entry: PoolEntry): Promise<'entered' | 'full' | 'cooling'>;
  /** Gives a place back. */
  leave(member: PoolMemberKey, tokens: number): Promise<void>;
  /**
   * Changes a member's health, step by step with other workers. `change` may be called again with a newer state; the
   * same state as result means that nothing is to be changed. The probe, if there was one, is over.
   */
  change(member: PoolMemberKey, change: (health: MemberHealth, now: number) => MemberHealth): Promise<void>;
  /** Keeps this worker's places, and exchanges what is new. */
  beat(report: PoolReport): Promise<PoolOrders>;
  tellCheck(upstream: string, check: Omit<PoolCheck, 'at'>): Promise<void>;
}

/** The same, for operators. */
export interface PoolOffice extends Pick<PoolShare, 'look'> {
  drain(upstream: string, isDrained: boolean): Promise<void>;
  /** Forgets what is held against the members. */
  forgive(members: readonly PoolMemberKey[]): Promise<void>;
  /** Live bindings of each upstream, in the order of the names. */
  bindings(upstreams: readonly string[]): Promise<readonly number[]>;
  /** Of workers that were heard lately. */
  reports(): Promise<readonly PoolReport[]>;
  /** @returns the new generation. */
  askReload(): Promise<number>;
  askCheck(upstream: string): Promise<void>;
  lastCheck(upstream: string): Promise<PoolCheck | undefined>;
  /** Milliseconds of the share's clock. */
  now(): Promise<number>;
}
