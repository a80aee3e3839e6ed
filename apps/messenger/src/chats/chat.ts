import { GatewayError, type ClaimedChat } from '#libs/contract';
import type { Content, Outcome, Step } from '#libs/messengers';
import type { Opening } from '../answers/open-answer.js';
import type { AnswerPorts, Entry, Messenger } from '../answers/ports.js';
import { AnswerTeller } from '../answers/tell-answer.js';
import { Caller } from '../posting/caller.js';
import { place } from '../posting/place.js';
import { Bell, rest } from '../state/bell.js';
import { ChatBook, ChatLost } from '../state/chat-book.js';
import { finish, type NoticeTask, type Task } from '../state/chat-state.js';
import { takeEntry } from './take-entry.js';

const ENTRIES_AT_ONCE = 10;
const AGAIN_MS = 500;
/** A chat that has nothing to do is looked at once more before it is given back. */
const LINGER_MS = 1_000;

export interface ChatPorts extends AnswerPorts {
  onCall(kind: Step['kind'], outcome: Outcome['kind']): void;
  onDone(kind: Task['kind'], outcome: 'delivered' | 'failed'): void;
}

/** The writer of one chat: takes what came in, in its order, and tells what is to be told. */
export class Chat {
  /** Ring it when something came in. */
  readonly bell = new Bell();
  readonly book: ChatBook;
  private readonly opening: Opening;
  private readonly telling = new Map<Task, Promise<void>>();

  constructor(
    private readonly ports: ChatPorts,
    messenger: Messenger,
    readonly claim: ClaimedChat,
  ) {
    this.book = new ChatBook(ports.desk, claim);
    const { platform } = messenger;
    const caller = new Caller({ desk: ports.desk, platform, onCall: ports.onCall }, claim.chat, this.book.over);
    const chatId = claim.chat.slice(platform.name.length + 1);
    this.opening = { book: this.book, caller, capabilities: platform.capabilities, chatId, ports, messenger };
  }

  /** Resolves when there is nothing more to do, when the process stops, or when another one has the chat. */
  async run(stop: AbortSignal): Promise<void> {
    const { book, ports } = this;
    try {
      for (let isIdle = false; !stop.aborted && !book.over.aborted;) {
        const took = await this.takeAll(stop);
        this.startTelling();
        const isDone = took === 0 && this.telling.size === 0;
        if (isDone && isIdle) break;
        isIdle = isDone;
        await this.bell.wait(isDone ? LINGER_MS : IDLE_LOOK_MS, AbortSignal.any([stop, book.over]));
      }
    } catch (cause) {
      if (!(cause instanceof ChatLost)) ports.logger.error({ err: cause, chat: this.claim.chat }, 'a chat failed');
    }
    const rests = book.state.tasks.length > 0;
    book.end();
    await Promise.all(this.telling.values());
    await this.giveBack(rests);
  }

  private async takeAll(stop: AbortSignal): Promise<number> {
    const { book, ports, claim } = this;
    while (!stop.aborted) {
      try {
        const entries = (await ports.desk.entries(claim.chat, ENTRIES_AT_ONCE)).slice(book.takenCount);
        for (const text of entries) await this.takeOne(text);
        return entries.length;
      } catch (cause) {
        if (!(cause instanceof GatewayError)) throw cause;
        await rest(AGAIN_MS, stop);
      }
    }
    return 0;
  }

  private async takeOne(text: string): Promise<void> {
    const { book, opening } = this;
    const entry = readEntry(text);
    const isKnown = book.state.tasks.some(({ id }) => id === entry?.entryId);
    if (entry && !isKnown) await takeEntry(opening, entry);
    book.take();
    await book.save();
    this.startTelling();
  }

  /** Notices at once; answers of a thread one after the other. */
  private startTelling(): void {
    const isInTurn = (task: Task): boolean => task.kind === 'answer' && !task.asksOnly;
    const threads = new Set([...this.telling.keys()].filter(isInTurn).map(({ thread }) => thread));
    for (const task of this.book.state.tasks) {
      if (this.telling.has(task) || (isInTurn(task) && threads.has(task.thread))) continue;
      if (isInTurn(task)) threads.add(task.thread);
      const done = this.tell(task).finally(() => {
        this.telling.delete(task);
        this.bell.ring();
      });
      this.telling.set(task, done);
    }
  }

  private async tell(task: Task): Promise<void> {
    const { book, ports } = this;
    try {
      const outcome =
        task.kind === 'answer' ? await new AnswerTeller(this.opening, task).tell() : await this.notify(task);
      finish(book.state, task, outcome, ports.now());
      await book.save();
      ports.onDone(task.kind, outcome === 'delivered' ? 'delivered' : 'failed');
      if (outcome !== 'delivered')
        ports.logger.warn({ chat: this.claim.chat, task: task.id, outcome }, 'not delivered');
    } catch (cause) {
      if (cause instanceof ChatLost) return;
      // The state is as it was: the chat is given back, and whoever claims it goes on.
      ports.logger.error({ err: cause, chat: this.claim.chat }, 'a task of a chat failed');
      book.end();
    }
  }

  private async notify(task: NoticeTask): Promise<string> {
    const { opening } = this;
    const { render, textMax } = opening.capabilities;
    const isPlain = !task.isDelivery && task.text.length <= textMax;
    const rendered = isPlain ? [{ text: task.text }] : render(task.text);
    const contents = rendered.length > 0 ? rendered : [EMPTY];
    for (const [i, content] of contents.entries()) {
      const piece = (task.parts[i] ??= {});
      const replyTo = i === 0 ? task.replyTo : undefined;
      const { thread, isGroup } = task;
      await place(opening, {
        piece,
        thread,
        isGroup,
        key: `${task.id} ${i}`,
        content: () => content,
        ...(replyTo !== undefined && { replyTo }),
      });
      if (piece.refused === undefined) continue;
      if (task.isDelivery) await this.settle(task, { kind: 'failed', why: piece.refused });
      return `failed: ${piece.refused}`;
    }
    if (task.isDelivery) await this.settle(task, { kind: 'delivered' });
    return 'delivered';
  }

  private async settle(task: NoticeTask, outcome: Parameters<AnswerPorts['desk']['settle']>[1]): Promise<void> {
    for (;;) {
      if (this.book.over.aborted) throw new ChatLost(this.claim.chat);
      try {
        return await this.ports.desk.settle(task.id, outcome);
      } catch (cause) {
        if (!(cause instanceof GatewayError)) throw cause;
        await rest(AGAIN_MS, this.book.over);
      }
    }
  }

  private async giveBack(rests: boolean): Promise<void> {
    try {
      await this.ports.desk.release(this.claim, rests ? 0 : undefined);
    } catch (cause) {
      // It can be claimed when the claim ends.
      this.ports.logger.debug({ err: cause, chat: this.claim.chat }, 'a chat could not be given back');
    }
  }
}

const IDLE_LOOK_MS = 5_000;
/** Nothing but marks: that something came is to be seen. */
const EMPTY: Content = { text: '[The result is empty]' };

/** An entry of another version that cannot be read is left out. */
function readEntry(text: string): Entry | undefined {
  try {
    return JSON.parse(text) as Entry;
  } catch {
    return undefined;
  }
}
