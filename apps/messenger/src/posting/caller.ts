import { GatewayError, type ChatDesk } from '#libs/contract';
import type { Outcome, Platform, Step } from '#libs/messengers';
import { ChatLost } from '../state/chat-book.js';
import { rest } from '../state/bell.js';

/** A little more than the platform asks for: its clock and ours are not the same. */
const PENALTY_SPARE_MS = 250;
const REDIS_AGAIN_MS = 500;

export interface CallTerms {
  /** The call is worth so long a wait, in ms; absent: as long as it takes. */
  readonly waitMsMax?: number;
  /** It does not count as a message into the chat. */
  readonly isSmall?: true;
  readonly isGroup: boolean;
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
    const { platform, desk, onCall } = this.ports;
    // A call under way is never broken off: nobody would know what became of it.
    const outcome = await platform.post(step, new AbortController().signal);
    onCall(step.kind, outcome.kind);
    if (outcome.kind === 'wait') await this.untilDone(() => desk.hold(this.chat, outcome.ms + PENALTY_SPARE_MS));
    return outcome;
  }

  private async slot({ waitMsMax = Number.MAX_SAFE_INTEGER, isSmall, isGroup }: CallTerms): Promise<boolean> {
    const { desk, platform } = this.ports;
    const { platformGapMs } = platform.capabilities;
    const chatGapMs = isSmall ? 0 : platform.capabilities.chatGapMs(isGroup);
    for (;;) {
      const slot = await this.untilDone(() => desk.slot({ chat: this.chat, chatGapMs, platformGapMs, waitMsMax }));
      if (slot.kind === 'refused') return false;
      await rest(slot.waitMs, this.over);
      if (this.over.aborted) throw new ChatLost(this.chat);
      if (slot.kind === 'reserved') return true;
    }
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
