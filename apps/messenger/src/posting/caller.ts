import { GatewayError, type ChatDesk } from '#libs/contract';
import type { Outcome, Platform, Step } from '#libs/messengers';
import { ChatLost } from '../state/chat-book.js';
import { rest } from '../state/bell.js';

/** A little more than the platform asks for: its clock and ours are not the same. */
const PENALTY_SPARE_MS = 250;
const REDIS_AGAIN_MS = 500;
/** A call that is later than so, in ms, comes close to the ones behind it: it takes another place. */
const LATE_MS_MAX = 200;
/** On a machine that is so slow that each of them is late, the last one is made all the same. */
const PLACES_MAX = 4;

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
   * down is durable before the call. It is asked again when it took so long that the time is over. undefined: nothing
   * was called, because `prepare` had nothing any more or the wait would have been too long. Rejects with ChatLost.
   */
  call(prepare: () => Promise<Step | undefined>, terms: CallTerms): Promise<Outcome | undefined> {
    const turn = this.last.then(() => this.inTurn(prepare, terms));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async inTurn(prepare: () => Promise<Step | undefined>, terms: CallTerms): Promise<Outcome | undefined> {
    let dueAt = await this.slot(terms);
    for (let places = 1; dueAt !== undefined; places++) {
      const step = await prepare();
      if (this.over.aborted) throw new ChatLost(this.chat);
      if (!step) return undefined;
      if (Date.now() <= dueAt + LATE_MS_MAX || places >= PLACES_MAX) return this.make(step, terms);
      // While Redis was away many waited here, and all at once would be too many. What is prepared is worth the wait.
      dueAt = await this.slot({ kind: terms.kind, isGroup: terms.isGroup });
    }
    return undefined;
  }

  private async make(step: Step, terms: CallTerms): Promise<Outcome> {
    const { platform, onCall } = this.ports;
    // A call under way is never broken off: nobody would know what became of it.
    const outcome = await platform.post(step, new AbortController().signal);
    onCall(step.kind, outcome.kind);
    if (outcome.kind === 'wait') await this.hold(outcome, terms);
    return outcome;
  }

  /** @returns when the call is to be made, by the clock of this process; undefined: the wait would be too long. */
  private async slot(terms: CallTerms): Promise<number | undefined> {
    const { desk } = this.ports;
    const { waitMsMax = Number.MAX_SAFE_INTEGER } = terms;
    const pace = this.paceOf(terms);
    const shared = sharedPenalties(this.ports.platform);
    for (;;) {
      let askedAt = 0;
      const slot = await this.untilDone(() => {
        // Redis names a time from its own now, which is no earlier than this.
        askedAt = Date.now();
        return desk.slot({ chat: this.chat, ...pace, waitMsMax });
      });
      if (slot.kind === 'refused') return undefined;
      await rest(slot.waitMs, this.over);
      if (this.over.aborted) throw new ChatLost(this.chat);
      // A penalty that came during the wait counts for calls that had their place already.
      const isHeld = (shared.get(pace.bucket ?? '') ?? 0) > Date.now();
      if (slot.kind === 'reserved' && !(isHeld && slot.waitMs > 0)) return askedAt + slot.waitMs;
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
