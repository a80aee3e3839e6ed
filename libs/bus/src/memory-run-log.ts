import { LIMITS, type CancelReason, type LoggedEvent, type RunSpec, type TerminalEvent } from '#libs/contract';
import type { AppendBatch, AppendReply, CancelOutcome, Claim, LiveHub, RunHead, RunLog, Wake } from './ports.js';
import { queuedEvent } from './queued-event.js';

interface MemoryRun {
  readonly spec: RunSpec;
  readonly events: string[];
  attempt: number;
  claimed: boolean;
  ended: boolean;
  bytes: number;
  cancel?: CancelReason;
}

export interface MemoryRunLog extends RunLog {
  /** What pub/sub is on Redis: told of every stored batch. */
  subscribe(listener: (runId: string, events: readonly LoggedEvent[]) => void): void;
}

/** The run log in memory, for tests: the same rules as the scripts of scripts.ts, held to them by the contract suite. */
export function memoryRunLog(): MemoryRunLog {
  return new InMemoryRunLog();
}

class InMemoryRunLog implements MemoryRunLog {
  private readonly runs = new Map<string, MemoryRun>();
  private readonly openedAt = new Map<string, number>();
  private readonly listeners = new Set<(runId: string, events: readonly LoggedEvent[]) => void>();

  subscribe(listener: (runId: string, events: readonly LoggedEvent[]) => void): void {
    this.listeners.add(listener);
  }

  async open(spec: RunSpec): Promise<'opened' | 'exists'> {
    this.openedAt.set(spec.runId, spec.createdAt);
    if (this.runs.has(spec.runId)) return 'exists';
    const run = { spec, events: [], attempt: 0, claimed: false, ended: false, bytes: 0 };
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
    const { spec, attempt, ended, cancel, events } = run;
    const { owner, instance } = spec;
    return { owner, instance, lastSeq: events.length, attempt, ended, cancelRequested: cancel !== undefined };
  }

  async claim(runId: string, attempt: number): Promise<Claim> {
    return claimOf(this.runs.get(runId), attempt);
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
    if (!run) return 'unknown';
    if (run.ended) return 'ended';
    if (run.claimed) {
      run.cancel ??= reason;
      return 'requested';
    }
    this.endHere(run, { type: 'run.cancelled', reason });
    return 'cancelled';
  }

  async cancelRequests(runIds: readonly string[]): Promise<Map<string, CancelReason>> {
    const flags = runIds.map((runId) => [runId, this.runs.get(runId)?.cancel] as const);
    return new Map(flags.flatMap(([runId, cancel]) => (cancel ? [[runId, cancel] as const] : [])));
  }

  async confirmPersisted(runIds: readonly string[]): Promise<void> {
    for (const runId of runIds) this.openedAt.delete(runId);
  }

  async unconfirmed(openedBefore: number, limit: number, after?: string): Promise<string[]> {
    const rows = [...this.openedAt].sort(([idA, a], [idB, b]) => a - b || (idA < idB ? -1 : 1));
    const from = after === undefined ? 0 : rows.findIndex(([runId]) => runId === after) + 1;
    if (after !== undefined && from === 0) return [];
    const page = rows.slice(from, from + limit).filter(([, at]) => at <= openedBefore);
    return page.map(([runId]) => runId);
  }

  private store(run: MemoryRun, texts: readonly string[]): void {
    for (const text of texts) {
      run.events.push(text);
      run.bytes += text.length;
    }
    const events = texts.map((text) => JSON.parse(text) as LoggedEvent);
    for (const listener of this.listeners) listener(run.spec.runId, events);
  }

  private endHere(run: MemoryRun, event: TerminalEvent): void {
    run.ended = true;
    run.attempt = Number.MAX_SAFE_INTEGER;
    this.store(run, [JSON.stringify({ seq: run.events.length + 1, at: Date.now(), ...event })]);
  }
}

function claimOf(run: MemoryRun | undefined, attempt: number): Claim {
  if (!run) return { kind: 'unknown' };
  if (run.ended) return { kind: 'ended' };
  if (run.attempt > attempt) return { kind: 'fenced' };
  run.attempt = attempt;
  run.claimed = true;
  const { spec, cancel, events } = run;
  return { kind: 'claimed', lastSeq: events.length, spec, ...(cancel && { cancel }) };
}

type Store = (run: MemoryRun, texts: readonly string[]) => void;

function appendTo(run: MemoryRun | undefined, batch: AppendBatch, store: Store): AppendReply {
  if (!run) return { kind: 'lost' };
  const { attempt, firstSeq, events, terminal } = batch;
  const seq = run.events.length;
  const cancel = run.cancel ? { cancel: run.cancel } : {};
  if (run.attempt === attempt && seq >= firstSeq + events.length - 1) return { kind: 'ok', lastSeq: seq, ...cancel };
  if (run.ended) return { kind: 'ended' };
  if (run.attempt > attempt) return { kind: 'fenced' };
  if (seq < firstSeq - 1) return { kind: 'gap', lastSeq: seq };
  const missing = events.slice(seq - firstSeq + 1);
  const bytes = missing.reduce((sum, text) => sum + text.length, run.bytes);
  if (bytes > LIMITS.runLogBytesMax && !terminal) return { kind: 'full' };
  run.attempt = attempt;
  run.claimed = true;
  run.ended = terminal;
  store(run, missing);
  return { kind: 'ok', lastSeq: run.events.length, ...cancel };
}

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
