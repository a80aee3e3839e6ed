import {
  type AnswerOutcome,
  type AppendBatch,
  type AppendReply,
  type ApprovalDecision,
  type BegunEvent,
  type CancelOutcome,
  type CancelReason,
  type Claim,
  type ClaimTerms,
  type Controls,
  LIMITS,
  type LoggedEvent,
  type OpenLogTerms,
  type OpenOutcome,
  type Parking,
  type ParkOutcome,
  queuedEvent,
  type RunHead,
  type RunLog,
  type RunSpec,
  sessionOfTurn,
  type TerminalEvent,
  type JsonObject,
} from '#libs/contract';
import { memoryIdempotency, type MemoryIdempotency } from './memory-queues.js';
import { appendTo, blankRun, claimOf, controlsOf, withLeftover, type MemoryRun } from './memory-run.js';

export interface MemoryRunLog extends RunLog {
  /** Replaces pub/sub: calls the listener with every stored batch. */
  subscribe(listener: (runId: string, events: readonly LoggedEvent[]) => void): void;
  /** Counts another process as a follower of the run, until the returned function is called. */
  follow(runId: string): () => void;
}

/**
 * The run log in memory, for tests. It follows the rules of scripts/run-scripts.ts and passes the same contract suite.
 * @param keys the idempotency keys that reserve ids of runs.
 */
export function memoryRunLog(
  keys: Pick<MemoryIdempotency, 'isOpened' | 'markOpened'> = memoryIdempotency(),
): MemoryRunLog {
  return new InMemoryRunLog(keys);
}

const orderBytesOf = (spec: RunSpec): number => Buffer.byteLength(JSON.stringify(spec));

class InMemoryRunLog implements MemoryRunLog {
  private readonly runs = new Map<string, MemoryRun>();
  private readonly openedAt = new Map<string, number>();
  /** Bytes of orders that count against their owners. */
  private readonly orders = new Map<string, { readonly owner: string; readonly bytes: number }>();
  private readonly followers: string[] = [];
  private readonly listeners = new Set<(runId: string, events: readonly LoggedEvent[]) => void>();

  constructor(private readonly keys: Pick<MemoryIdempotency, 'isOpened' | 'markOpened'>) {}

  subscribe(listener: (runId: string, events: readonly LoggedEvent[]) => void): void {
    this.listeners.add(listener);
  }

  follow(runId: string): () => void {
    this.followers.push(runId);
    return () => void this.followers.splice(this.followers.indexOf(runId), 1);
  }

  async followersElsewhere(runId: string): Promise<number> {
    return this.followers.filter((followed) => followed === runId).length;
  }

  async open(
    spec: RunSpec,
    { reservedIn, orderBytesMax = LIMITS.orderBytesPerKeyMax }: OpenLogTerms = {},
  ): Promise<OpenOutcome> {
    if (this.runs.has(spec.runId)) {
      this.openedAt.set(spec.runId, spec.createdAt);
      return 'exists';
    }
    if (reservedIn !== undefined && this.keys.isOpened(reservedIn, spec.runId)) return 'used';
    const bytes = orderBytesOf(spec) + Buffer.byteLength(JSON.stringify(queuedEvent(spec)));
    const held = this.heldBy(spec.owner);
    if (held > 0 && held + bytes > orderBytesMax) return 'full';
    if (reservedIn !== undefined) this.keys.markOpened(reservedIn, spec.runId);
    this.orders.set(spec.runId, { owner: spec.owner, bytes });
    this.openedAt.set(spec.runId, spec.createdAt);
    const run = blankRun(spec);
    this.runs.set(spec.runId, run);
    this.store(run, [JSON.stringify(queuedEvent(spec))]);
    return 'opened';
  }

  async read(runId: string, after: number, limit: number = LIMITS.relayReadBatchMax): Promise<LoggedEvent[]> {
    const texts = this.runs.get(runId)?.events.slice(after, after + limit) ?? [];
    return texts.map((text) => JSON.parse(text) as LoggedEvent);
  }

  async head(runId: string): Promise<RunHead | undefined> {
    const run = this.runs.get(runId);
    if (!run) return undefined;
    const { attempt, ended, cancel, events, generation, parked, deleted } = run;
    const { owner, instance } = run.spec;
    const turnOf = sessionOfTurn(run.spec);
    const state = { attempt, ended, cancelRequested: cancel !== undefined, deleted, generation };
    return {
      owner,
      instance,
      lastSeq: events.length,
      ...state,
      ...(parked && { parked: { ...parked } }),
      ...(turnOf !== undefined && { turnOf }),
    };
  }

  async spec(runId: string): Promise<RunSpec | undefined> {
    const run = this.runs.get(runId);
    return run?.isDropped ? undefined : run?.spec;
  }

  async claim(runId: string, attempt: number, _worker: string, terms: ClaimTerms = {}): Promise<Claim> {
    const { generation = 0, start } = terms;
    const run = this.runs.get(runId);
    if (!run) return { kind: 'unknown' };
    if (run.ended) return { kind: 'ended' };
    if (run.attempt > attempt || run.generation !== generation) return { kind: 'fenced' };
    const isFresh = run.events.length === 1;
    const begun = start !== undefined && (isFresh || (run.events.length === 2 && run.attempt === attempt));
    if (begun && isFresh) this.store(run, [JSON.stringify({ seq: 2, at: Date.now(), ...start })]);
    const claim = claimOf(run, attempt);
    return begun ? { ...claim, begun: JSON.parse(run.events[1] ?? '') as BegunEvent } : claim;
  }

  async park({ runId, attempt, event, deadline, generation, approvalIds }: Parking): Promise<ParkOutcome> {
    const run = this.runs.get(runId);
    if (!run) return 'unknown';
    if (run.ended) return 'ended';
    if (run.attempt !== attempt) return 'fenced';
    if (run.parked) return 'parked';
    if (run.cancel || approvalIds.some((id) => run.answers.has(id))) return 'awake';
    run.parked = { deadline, woken: false };
    run.generation = generation;
    this.store(run, [JSON.stringify({ seq: run.events.length + 1, at: Date.now(), ...event })]);
    return 'parked';
  }

  async answer(runId: string, id: string, decision: ApprovalDecision, content?: JsonObject): Promise<AnswerOutcome> {
    return this.settle(runId, id, content ? [decision, content] : [decision]);
  }

  async timeOut(runId: string, id: string): Promise<AnswerOutcome> {
    return this.settle(runId, id, ['deny', 'timeout']);
  }

  private settle(
    runId: string,
    id: string,
    answer: readonly [ApprovalDecision, (JsonObject | 'timeout')?],
  ): AnswerOutcome {
    const run = this.runs.get(runId);
    if (!run) return { kind: 'unknown' };
    const before = run.answers.get(id);
    if (before && JSON.stringify(before) !== JSON.stringify(answer)) return { kind: 'refused' };
    if (run.ended) return { kind: before ? 'repeated' : 'ended' };
    run.answers.set(id, answer);
    if (run.parked) run.parked.woken = true;
    return { kind: before ? 'repeated' : 'recorded', ...(run.parked && { wake: run.generation }) };
  }

  async steer(runId: string, text: string): Promise<'recorded' | 'refused' | 'ended' | 'unknown'> {
    const run = this.runs.get(runId);
    if (!run) return 'unknown';
    if (run.ended) return 'ended';
    if (run.steers.length >= LIMITS.steersPerRunMax) return 'refused';
    run.steers.push(text);
    return 'recorded';
  }

  async controls(runId: string): Promise<Controls> {
    const run = this.runs.get(runId);
    return run ? controlsOf(run) : { answers: new Map(), steers: [] };
  }

  async forgive(runId: string, attempt: number): Promise<void> {
    const run = this.runs.get(runId);
    if (run?.attempt === attempt) run.claims--;
  }

  async append(batches: readonly AppendBatch[]): Promise<AppendReply[]> {
    return batches.map((batch) => appendTo(this.runs.get(batch.runId), batch, this.store.bind(this)));
  }

  async end(runId: string, event: TerminalEvent): Promise<boolean> {
    const run = this.runs.get(runId);
    if (!run || run.ended) return false;
    this.endHere(run, event);
    return true;
  }

  async requestCancel(runId: string, reason: CancelReason): Promise<CancelOutcome> {
    const run = this.runs.get(runId);
    if (!run) return { kind: 'unknown' };
    if (run.ended) return { kind: 'ended' };
    if (run.claimed && !run.parked) {
      run.cancel ??= reason;
      return { kind: 'requested' };
    }
    this.endHere(run, { type: 'run.cancelled', reason });
    return { kind: 'cancelled', generation: run.generation };
  }

  async cancelRequests(runIds: readonly string[]): Promise<Map<string, CancelReason>> {
    const flags = runIds.map((runId) => [runId, this.runs.get(runId)?.cancel] as const);
    return new Map(flags.flatMap(([runId, cancel]) => (cancel ? [[runId, cancel] as const] : [])));
  }

  async markDeleted(runId: string): Promise<void> {
    const run = this.runs.get(runId);
    if (run) run.deleted = true;
  }

  async confirmPersisted(runIds: readonly string[]): Promise<void> {
    for (const runId of runIds) {
      this.openedAt.delete(runId);
      const entry = this.orders.get(runId);
      const run = this.runs.get(runId);
      this.orders.delete(runId);
      if (!run || !entry) continue;
      const order = orderBytesOf(run.spec);
      const { retain, embed } = run.spec;
      run.isDropped ||= order > LIMITS.keptOrderBytesMax && (retain !== false || embed !== undefined);
      const left = (run.isDropped ? 0 : order) + Buffer.byteLength(run.events[0] ?? '');
      if (left > LIMITS.keptOrderBytesMax) this.orders.set(runId, { ...entry, bytes: left });
    }
  }

  async remove(runIds: readonly string[]): Promise<void> {
    for (const runId of runIds) {
      this.runs.delete(runId);
      this.orders.delete(runId);
      this.openedAt.delete(runId);
    }
  }

  async unconfirmed(openedBefore: number, limit: number, after?: string): Promise<string[]> {
    const rows = [...this.openedAt].sort(([idA, a], [idB, b]) => a - b || (idA < idB ? -1 : 1));
    const from = after === undefined ? 0 : rows.findIndex(([runId]) => runId === after) + 1;
    if (after !== undefined && from === 0) return [];
    const page = rows.slice(from, from + limit).filter(([, at]) => at <= openedBefore);
    return page.map(([runId]) => runId);
  }

  private heldBy(owner: string): number {
    return [...this.orders.values()].reduce((sum, order) => sum + (order.owner === owner ? order.bytes : 0), 0);
  }

  private store(run: MemoryRun, texts: readonly string[]): void {
    for (const text of texts) {
      run.events.push(text);
      run.bytes += Buffer.byteLength(text);
    }
    const events = texts.map((text) => JSON.parse(text) as LoggedEvent);
    for (const listener of this.listeners) listener(run.spec.runId, events);
  }

  private endHere(run: MemoryRun, event: TerminalEvent): void {
    run.ended = true;
    run.attempt = Number.MAX_SAFE_INTEGER;
    this.store(run, [withLeftover(run, JSON.stringify({ seq: run.events.length + 1, at: Date.now(), ...event }))]);
  }
}
