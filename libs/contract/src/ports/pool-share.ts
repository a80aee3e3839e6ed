/** Why an upstream is not asked for a while. `credentials`, `quota` and `no_model` do not pass within seconds. */
export type CoolingCause =
  'rate_limited' | 'quota' | 'credentials' | 'no_model' | 'failing' | 'unreachable' | 'timeout';

/** The recent health of one model at one upstream. Times are milliseconds of the share's clock. */
export interface MemberHealth {
  /** Recent failures that did not cause a cooldown, oldest first. */
  readonly failures: readonly number[];
  /** The member is not asked before this time; afterwards one request tries it. 0: it is healthy. */
  readonly until: number;
  /** Cooldowns in a row without a good answer in between: each lasts twice as long. */
  readonly level: number;
  readonly cause?: CoolingCause;
}

/** One model at one upstream. */
export interface PoolMemberKey {
  readonly upstream: string;
  readonly model: string;
}

/** The facts about a member that all workers share. */
export interface MemberFacts {
  /** Requests under way at the upstream, for any model, and the tokens of their input. */
  readonly inFlight: number;
  readonly inFlightTokens: number;
  readonly health: MemberHealth;
  /** Until this time one request tries the member and no other may. 0: none does. */
  readonly probeUntil: number;
  readonly isDrained: boolean;
}

/** A request for a place at a member. */
export interface PoolEntry {
  readonly member: PoolMemberKey;
  /** Estimated tokens of the request's input. */
  readonly tokens: number;
  /** Absent: no bound. */
  readonly inFlightMax?: number;
  /** Key of the session. Its binding is prolonged when it names this upstream. Absent: the place is for no session. */
  readonly key?: string;
  /** Whether later requests of the key come here. */
  readonly binds?: boolean;
  /** The same request asks the member again, in another manner: bounds and health do not count. */
  readonly isForced?: boolean;
}

/** A request for a place wherever the session has its home, without a look before it. */
export interface PoolTake {
  readonly members: readonly TakeMember[];
  /** Key of the session. */
  readonly key: string;
  /** Estimated tokens of the request's input. */
  readonly tokens: number;
  /** Index of the member that becomes the home of a session without one. Absent: such a session gets no place. */
  readonly proposal?: number;
}

export interface TakeMember extends PoolMemberKey {
  /** Absent: no bound. */
  readonly inFlightMax?: number;
  /** No place is taken there. */
  readonly isShunned?: boolean;
}

/** What a share knows of members, in their order, and of one session. */
export interface PoolSight {
  readonly now: number;
  /** The upstream to which requests of the session go. */
  readonly binding?: string;
  readonly members: readonly MemberFacts[];
}

/** `at`: index of the member; `isNew`: the session had no home. `seen`: no place was taken; whoever asks chooses. */
export type PoolTaken =
  { readonly kind: 'entered'; readonly at: number; readonly isNew: boolean } | ({ readonly kind: 'seen' } & PoolSight);

/** A worker's report about its part in the pools, every few seconds. Numbers count from the worker's start. */
export interface PoolReport {
  readonly worker: string;
  /** Milliseconds of the share's clock, added by the share. */
  readonly at?: number;
  /** The last reload that the worker carried out, and the faults in its settings. */
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
  /** Expected time to the first event, from recent answers. Absent when there were too few. */
  readonly firstTokenMs?: number;
}

/** Orders of operators for one worker. */
export interface PoolOrders {
  /** Number of the last reload that an operator asked for. */
  readonly generation: number;
  /** Upstreams that this worker should now ask for their models; no other worker gets these orders. */
  readonly checks: readonly string[];
}

export interface PoolCheck {
  /** Milliseconds of the share's clock. */
  readonly at: number;
  readonly models?: number;
  readonly error?: string;
}

/**
 * The facts about upstreams in pools that all workers of a deployment share. When a worker dies, its places are free
 * again after some seconds. The clock is the share's own. Every method rejects with GatewayError `queue_unavailable`
 * when the server does not answer.
 */
export interface PoolShare {
  look(members: readonly PoolMemberKey[], key: string): Promise<PoolSight>;
  /**
   * One step for the usual request: takes a place at the session's home, or binds a new session to the proposed member,
   * if that member is healthy, serving, below its bound and not shunned.
   */
  take(request: PoolTake): Promise<PoolTaken>;
  /** Takes a place. `cooling`: the member may not be asked now, or another request is trying it. */
  enter(entry: PoolEntry): Promise<'entered' | 'full' | 'cooling'>;
  /** Changes the tokens of a place that was taken before they were known. */
  weigh(member: PoolMemberKey, moreTokens: number): Promise<void>;
  /** Gives a place back. */
  leave(member: PoolMemberKey, tokens: number): Promise<void>;
  /**
   * Changes a member's health atomically. `change` may be called again with a newer state. Returning the same state
   * means that nothing changes. Ends the probe, if there was one.
   */
  change(member: PoolMemberKey, change: (health: MemberHealth, now: number) => MemberHealth): Promise<void>;
  /** Renews this worker's places, reports its numbers and returns the orders for it. */
  beat(report: PoolReport): Promise<PoolOrders>;
  tellCheck(upstream: string, check: Omit<PoolCheck, 'at'>): Promise<void>;
}

/** The part of the share that operators use. */
export interface PoolOffice extends Pick<PoolShare, 'look'> {
  drain(upstream: string, isDrained: boolean): Promise<void>;
  /** Ends the cooldowns of the members and forgets their failures. */
  forgive(members: readonly PoolMemberKey[]): Promise<void>;
  /** The number of live bindings of each upstream, in the order of the names. */
  bindings(upstreams: readonly string[]): Promise<readonly number[]>;
  /** The reports of workers that reported lately. */
  reports(): Promise<readonly PoolReport[]>;
  /** @returns the new generation. */
  askReload(): Promise<number>;
  askCheck(upstream: string): Promise<void>;
  lastCheck(upstream: string): Promise<PoolCheck | undefined>;
  /** Milliseconds of the share's clock. */
  now(): Promise<number>;
}
