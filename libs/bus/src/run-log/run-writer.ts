import {
  type AppendBatch,
  type AppendReply,
  type BegunEvent,
  type CancelReason,
  isTerminal,
  LIMITS,
  type LoggedEvent,
  type RunAppends,
  type RunEvent,
  type RunWriter,
} from '#libs/contract';
import { PendingEvents, ReplayRing, type StampedEvent } from './writer-buffers.js';

export type AppendRefusal = 'fenced' | 'ended' | 'full' | 'lost' | 'unreachable';

/** The writer lost its run, except with `full`. Stop quietly: another attempt writes the run, or no attempt may. */
export class AppendRefused extends Error {
  constructor(readonly reason: AppendRefusal) {
    super(`append refused: ${reason}`);
    this.name = 'AppendRefused';
  }
}

export interface OpenWriter {
  readonly runId: string;
  readonly attempt: number;
  /** Seq of the log's last event, from `claim`. */
  readonly lastSeq: number;
  /** Size of the log, from `claim`. */
  readonly bytes?: number;
  /** The event that the claim stored. If Redis loses it, this writer stores it again like its own events. */
  readonly begun?: BegunEvent;
  /** RunSpec.instance. */
  readonly instance: string;
  /** Called once, when the reply to an append says that a cancel of the run was requested. */
  onCancel(reason: CancelReason): void;
  /** Called once, when appends are refused. The writer sends nothing more. */
  onRefused(error: AppendRefused): void;
}

export interface RunWriters {
  open(run: OpenWriter): RunWriter;
}

const APPEND_RETRY_MS = 200;
const APPEND_RETRIES_MAX = 150;
/** Most events of one run in one call. A backlog from an outage of Redis goes out in several calls. */
const BATCH_EVENTS_MAX = 512;

/**
 * The writers of one process. Events emitted in one event-loop turn go out together, and events emitted during that
 * call go out after it: there is one call at a time for all runs. In an idle process no event waits; in a busy one, a
 * round trip gathers a batch (docs/adr/0002).
 *
 * @param gapMs see overload-gap.ts: deltas wait for further deltas until this long after the last call with deltas. An
 *   answer's first delta and all other events do not wait.
 */
export function runWriters(log: RunAppends, gapMs: () => number = () => 0, now: () => number = Date.now): RunWriters {
  const urgent = new Set<Writer>();
  const patient = new Set<Writer>();
  let busy = false;
  let patientUntil = 0;
  let timer: NodeJS.Timeout | undefined;

  const schedule = (writer: Writer): void => {
    if (writer.isUrgent) patient.delete(writer);
    (writer.isUrgent ? urgent : patient).add(writer);
    wake();
  };
  const wake = (): void => {
    if (busy || urgent.size + patient.size === 0) return;
    const wait = urgent.size > 0 ? 0 : patientUntil - performance.now();
    if (wait > 0) {
      timer ??= setTimeout(() => {
        timer = undefined;
        wake();
      }, wait);
      return;
    }
    busy = true;
    setImmediate(flush);
  };
  const take = (): Writer[] => {
    const writers = [...urgent];
    urgent.clear();
    const at = performance.now();
    if (at < patientUntil) return writers;
    writers.push(...patient);
    patient.clear();
    patientUntil = at + gapMs();
    return writers;
  };
  const flush = (): void => {
    const writers = take();
    const batches = writers.map((writer) => writer.takeBatch(now()));
    void deliver(log, batches).then((replies) => {
      busy = false;
      replies.forEach((reply, i) => writers[i]?.settle(reply));
      // Other writers may have become dirty during this call.
      wake();
    });
  };
  return { open: (run) => new Writer(run, schedule) };
}

type Outcome = AppendReply | { readonly kind: 'failed' };

async function deliver(log: RunAppends, batches: readonly AppendBatch[]): Promise<Outcome[]> {
  try {
    return await log.append(batches);
  } catch {
    // Appends are idempotent, so after any failure all of them are sent again.
    return batches.map(() => ({ kind: 'failed' }));
  }
}

/**
 * idle -> emit -> dirty -> takeBatch -> in flight -> settle(ok) -> idle, or dirty if more events came meanwhile. After
 * settle(gap) the writer sends again from the ring, after settle(failed) it sends again later. Every refusal is final.
 */
class Writer implements RunWriter {
  private readonly pending = new PendingEvents();
  private readonly ring = new ReplayRing(LIMITS.replayRingBytesMax);
  private unacknowledged: StampedEvent[] = [];
  private unacknowledgedBytes = 0;
  private inFlight = false;
  private nextSeq: number;
  /** End and size of the log, from the last reply; absent when they may have changed since. */
  private tip: { readonly seq: number; readonly bytes: number } | undefined;
  private failures = 0;
  private refused: AppendRefused | undefined;
  private cancelTold = false;
  /** Whether an event is waiting that is not just another delta of the current item. */
  isUrgent = false;
  private isSpeaking = false;
  private waiters: { bytesMax: number; resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(
    private readonly run: OpenWriter,
    private readonly schedule: (writer: Writer) => void,
  ) {
    this.nextSeq = run.lastSeq + 1;
    if (run.bytes !== undefined) this.tip = { seq: run.lastSeq, bytes: run.bytes };
    const { begun } = run;
    if (begun) this.ring.add([{ seq: begun.seq, text: JSON.stringify(begun), terminal: false }]);
  }

  emit(event: RunEvent): Promise<void> | undefined {
    if (this.refused) return Promise.reject(this.refused);
    this.pending.add(event);
    const isDelta = event.type.endsWith('.delta');
    this.isUrgent ||= !isDelta || !this.isSpeaking;
    this.isSpeaking = isDelta;
    if (!this.inFlight) this.schedule(this);
    if (this.bytes() <= LIMITS.unacknowledgedBytesMax) return undefined;
    return this.wait(LIMITS.unacknowledgedBytesMax / 2);
  }

  flushed(): Promise<void> {
    if (this.refused) return Promise.reject(this.refused);
    return this.bytes() === 0 ? Promise.resolve() : this.wait(0);
  }

  takeBatch(at: number): AppendBatch {
    for (const event of this.pending.take()) {
      const logged: LoggedEvent = { seq: this.nextSeq++, at, ...event };
      const text = JSON.stringify(logged);
      this.unacknowledged.push({ seq: logged.seq, text, terminal: isTerminal(event) });
      this.unacknowledgedBytes += text.length;
    }
    this.inFlight = true;
    this.isUrgent = false;
    const { runId, attempt, instance } = this.run;
    const taken = this.unacknowledged.slice(0, BATCH_EVENTS_MAX);
    const firstSeq = taken[0]?.seq ?? this.nextSeq;
    const events = taken.map((event) => event.text);
    const terminal = taken.at(-1)?.terminal ?? false;
    const batch = { runId, attempt, firstSeq, events, terminal };
    return this.tip?.seq === firstSeq - 1 ? { ...batch, tip: { bytes: this.tip.bytes, instance } } : batch;
  }

  settle(outcome: Outcome): void {
    this.inFlight = false;
    this.tip = undefined;
    switch (outcome.kind) {
      case 'ok':
        if (outcome.bytes !== undefined) this.tip = { seq: outcome.lastSeq, bytes: outcome.bytes };
        return this.acknowledge(outcome.lastSeq, outcome.cancel);
      case 'gap':
        return this.sendAgainFrom(outcome.lastSeq + 1);
      case 'failed':
        return this.sendAgainLater();
      case 'fenced':
      case 'ended':
      case 'full':
      case 'lost':
        return this.refuse(outcome.kind);
    }
  }

  private acknowledge(lastSeq: number, cancel: CancelReason | undefined): void {
    this.failures = 0;
    const open = this.unacknowledged.findIndex((event) => event.seq > lastSeq);
    const done = this.unacknowledged.splice(0, open < 0 ? this.unacknowledged.length : open);
    for (const event of done) this.unacknowledgedBytes -= event.text.length;
    this.ring.add(done);
    this.isUrgent ||= this.unacknowledged.length > 0;
    if (this.bytes() > 0) this.schedule(this);
    this.release();
    if (!cancel || this.cancelTold) return;
    this.cancelTold = true;
    this.run.onCancel(cancel);
  }

  private sendAgainFrom(seq: number): void {
    const lost = this.ring.takeFrom(seq);
    if (!lost) return this.refuse('lost');
    for (const event of lost) this.unacknowledgedBytes += event.text.length;
    this.unacknowledged.unshift(...lost);
    this.isUrgent = true;
    this.schedule(this);
  }

  private sendAgainLater(): void {
    this.failures++;
    if (this.failures > APPEND_RETRIES_MAX) return this.refuse('unreachable');
    this.inFlight = true;
    setTimeout(() => {
      this.inFlight = false;
      this.isUrgent = true;
      this.schedule(this);
    }, APPEND_RETRY_MS);
  }

  private refuse(reason: AppendRefusal): void {
    this.refused = new AppendRefused(reason);
    const waiters = this.waiters;
    this.waiters = [];
    for (const waiter of waiters) waiter.reject(this.refused);
    this.run.onRefused(this.refused);
  }

  private wait(bytesMax: number): Promise<void> {
    this.isUrgent = true;
    if (!this.inFlight) this.schedule(this);
    return new Promise((resolve, reject) => this.waiters.push({ bytesMax, resolve, reject }));
  }

  private release(): void {
    if (this.waiters.length === 0) return;
    const bytes = this.bytes();
    const free = this.waiters.filter((waiter) => bytes <= waiter.bytesMax);
    this.waiters = this.waiters.filter((waiter) => bytes > waiter.bytesMax);
    for (const waiter of free) waiter.resolve();
  }

  private bytes(): number {
    return this.unacknowledgedBytes + this.pending.bytes;
  }
}
