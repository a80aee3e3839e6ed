import { LIMITS, type ChatDesk } from '#libs/contract';
import type { Logger } from '#libs/platform';
import type { Messenger } from '../answers/ports.js';
import { Bell } from '../state/bell.js';
import { Chat, type ChatPorts } from './chat.js';

/** Chats that this process writes into at the same time; others wait for it or for another one. */
const CHATS_MAX = 1_000;
const CLAIMED_AT_ONCE = 50;
/** A chat of a process that died is claimed after so long. A call takes less. */
const CLAIM_MS = 20_000;
const KEEP_EVERY_MS = 5_000;
/** What comes in through another process is seen after so long. */
const LOOK_EVERY_MS = 200;

export interface HostPorts extends ChatPorts {
  readonly desk: ChatDesk;
  readonly logger: Logger;
}

/** Claims chats that have something to do, and lets a writer work in each. */
export class ChatHost {
  /** Ring it when something came in through this process. */
  readonly bell = new Bell();
  private readonly chats = new Map<string, { readonly chat: Chat; readonly done: Promise<void> }>();
  private readonly stopping = new AbortController();
  private loops: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ports: HostPorts,
    private readonly messengers: readonly Messenger[],
    private readonly holder: string,
  ) {}

  get active(): number {
    return this.chats.size;
  }

  start(): void {
    const claims = this.repeat(LOOK_EVERY_MS, this.bell, () => this.look());
    const keeps = this.repeat(KEEP_EVERY_MS, new Bell(), () => this.keepAll());
    this.loops = Promise.all([claims, keeps]);
  }

  /** Claims nothing more; resolves when every chat is given back, each after the call that is under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loops;
    await Promise.all([...this.chats.values()].map(({ done }) => done));
  }

  private async repeat(everyMs: number, bell: Bell, work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await work().catch((cause: unknown) => this.ports.logger.debug({ err: cause }, 'chats could not be looked at'));
      await bell.wait(everyMs, signal);
    }
  }

  private async look(): Promise<void> {
    const names = [...this.chats.keys()];
    if (names.length > 0) {
      const waiting = await this.ports.desk.waiting(names);
      names.forEach((name, i) => (waiting[i] ?? 0) > 0 && this.chats.get(name)?.chat.bell.ring());
    }
    const limit = Math.min(CLAIMED_AT_ONCE, CHATS_MAX - this.chats.size);
    if (limit <= 0) return;
    for (const claim of await this.ports.desk.claim(this.holder, { limit, ttlMs: CLAIM_MS })) {
      const messenger = this.messengers.find(({ platform }) => claim.chat.startsWith(`${platform.name}:`));
      // Another process may have the platform that this one was not given.
      if (!messenger || this.chats.has(claim.chat)) await this.ports.desk.release(claim, CLAIM_MS);
      else this.open(messenger, claim);
    }
  }

  private open(messenger: Messenger, claim: ConstructorParameters<typeof Chat>[2]): void {
    const chat = new Chat(this.ports, messenger, claim);
    const done = chat.run(this.stopping.signal).finally(() => this.chats.delete(claim.chat));
    this.chats.set(claim.chat, { chat, done });
  }

  private async keepAll(): Promise<void> {
    await Promise.all(
      [...this.chats.values()].map(async ({ chat }) => {
        if (!(await this.ports.desk.keep(chat.claim, CLAIM_MS))) chat.book.end();
      }),
    );
  }
}

/** Whether an entry is small enough for an inbox. */
export const fitsInbox = (entry: string): boolean => Buffer.byteLength(entry) <= LIMITS.chatEntryBytesMax;
