import { GatewayError, type ChatDesk } from '#libs/contract';
import type { Outcome, Platform, Step } from '#libs/messengers';
import { ChatLost } from '../state/chat-book.js';
import { rest } from '../state/bell.js';

/** A little more than the platform asks for: its clock and ours are not the same. */
const PENALTY_SPARE_MS = 250;
const REDIS_AGAIN_MS = 500;

export interface CallTerms {
  readonly kind: Step['kind'];
  readonly isGroup: boolean;
  /** The call is worth so long a wait, in ms; absent: as long as it takes. */
  readonly waitMsMax?: number;
}

export interface CallerPorts {
  readonly desk: ChatDesk;
  readonly platform: Platform;
  /** Told of every call that was made. */
  onCall(kind: Step['kind'], outcome: Outcome['kind']): void;
}

/** The one way from a chat's writer to the platform: one call at a time, each in its time, none during a penalty. */
export class Caller {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ports: CallerPorts,
    /** `<platform>:<id>`. */
    private readonly chat: string,
    private readonly over: AbortSignal,
  ) {}

  /**
   * Makes a call when its time has come. `prepare` is asked then, so that only the newest text waits; what it writes
   * down is durable before the call. undefined: nothing was called, because `prepare` had nothing any more or the wait
   * would have been too long. Rejects with ChatLost.
   */
  call(prepare: () => Promise<Step | undefined>, terms: CallTerms): Promise<Outcome | undefined> {
    const turn = this.last.then(() => this.inTurn(prepare, terms));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async inTurn(prepare: () => Promise<Step | undefined>, terms: CallTerms): Promise<Outcome | undefined> {
    if (!(await this.slot(terms))) return undefined;
    const step = await prepare();
    if (this.over.aborted) throw new ChatLost(this.chat);
    if (!step) return undefined;
    const { platform, onCall } = this.ports;
    // A call under way is never broken off: nobody would know what became of it.
    const outcome = await platform.post(step, new AbortController().signal);
    onCall(step.kind, outcome.kind);
    if (outcome.kind === 'wait') await this.hold(outcome, terms);
    return outcome;
  }

  private async slot(terms: CallTerms): Promise<boolean> {
    const { desk } = this.ports;
    const { waitMsMax = Number.MAX_SAFE_INTEGER } = terms;
    const pace = this.paceOf(terms);
    const shared = sharedPenalties(this.ports.platform);
    for (;;) {
      const slot = await this.untilDone(() => desk.slot({ chat: this.chat, ...pace, waitMsMax }));
      if (slot.kind === 'refused') return false;
      await rest(slot.waitMs, this.over);
      if (this.over.aborted) throw new ChatLost(this.chat);
      // A penalty that came during the wait counts for calls that had their place already.
      const isHeld = (shared.get(pace.bucket ?? '') ?? 0) > Date.now();
      if (slot.kind === 'reserved' && !(isHeld && slot.waitMs > 0)) return true;
    }
  }

  private async hold(outcome: Extract<Outcome, { kind: 'wait' }>, terms: CallTerms): Promise<void> {
    const { desk, platform } = this.ports;
    const ms = outcome.ms + PENALTY_SPARE_MS;
    if (!outcome.isWide) return this.untilDone(() => desk.hold(this.chat, ms));
    const { bucket, burstMs } = this.paceOf(terms);
    sharedPenalties(platform).set(bucket ?? '', Date.now() + ms);
    const name = bucket === undefined ? {} : { bucket };
    await this.untilDone(() => desk.holdBucket({ chat: this.chat, ...name, burstMs: burstMs ?? 0 }, ms));
  }

  private paceOf({ kind, isGroup }: CallTerms) {
    return this.ports.platform.capabilities.paceOf(kind, isGroup);
  }

  /** While Redis is away nothing is called. */
  private async untilDone<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (cause) {
        if (!(cause instanceof GatewayError)) throw cause;
        await rest(REDIS_AGAIN_MS, this.over);
        if (this.over.aborted) throw new ChatLost(this.chat);
      }
    }
  }
}

/** Of a platform's buckets, until when nobody may call. Redis knows it as well; this is for calls that have a place. */
const penalties = new WeakMap<Platform, Map<string, number>>();

function sharedPenalties(platform: Platform): Map<string, number> {
  const known = penalties.get(platform) ?? new Map<string, number>();
  penalties.set(platform, known);
  return known;
}
