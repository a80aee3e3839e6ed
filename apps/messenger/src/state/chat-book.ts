import { GatewayError, type ChatDesk, type ClaimedChat } from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseState, type ChatState } from './chat-state.js';

const AGAIN_MS = 500;

/** Another process writes this chat now: everything here ends. */
export class ChatLost extends Error {
  override readonly name = 'ChatLost';
}

/** The state of a claimed chat. Change `state`, then `save`: what was changed before is durable when it resolves. */
export class ChatBook {
  readonly state: ChatState;
  /** Entries that the state covers and that are still in the inbox. */
  private taken = 0;
  private writing: Promise<void> | undefined;
  private next: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private isLost = false;

  constructor(
    readonly desk: ChatDesk,
    readonly claim: ClaimedChat,
  ) {
    this.state = parseState(claim.state);
  }

  /** Aborts when the chat is another process' or is to be given back: nothing more is called, but what was is saved. */
  get over(): AbortSignal {
    return this.ending.signal;
  }

  end(): void {
    this.ending.abort();
  }

  /** The oldest entry of the inbox is covered by the state as it is now; the next `save` takes it out. */
  take(): void {
    this.taken++;
  }

  get takenCount(): number {
    return this.taken;
  }

  /**
   * Saves the state as it is when the write begins. While Redis is away it waits. Rejects with ChatLost when another
   * process has claimed the chat: nothing may be sent then.
   */
  save(): Promise<void> {
    // One write waits for the one under way, and has everything that was changed until then.
    if (this.next) return this.next;
    if (!this.writing) return this.begin();
    this.next = this.writing.then(
      () => this.begin(),
      () => this.begin(),
    );
    return this.next;
  }

  private begin(): Promise<void> {
    this.next = undefined;
    this.writing = this.write().finally(() => (this.writing = undefined));
    return this.writing;
  }

  private async write(): Promise<void> {
    const taken = this.taken;
    const text = JSON.stringify(this.state);
    for (;;) {
      if (this.isLost) throw new ChatLost(this.claim.chat);
      try {
        if (!(await this.desk.save(this.claim, text, taken))) break;
        this.taken -= taken;
        return;
      } catch (cause) {
        if (!(cause instanceof GatewayError)) throw cause;
        // It may have been written. Taking entries out twice would lose some: look whether they are still there.
        if (taken > 0 || this.ending.signal.aborted) break;
        await sleep(AGAIN_MS);
      }
    }
    this.isLost = true;
    this.end();
    throw new ChatLost(this.claim.chat);
  }
}
