import { EMPTY_SNAPSHOT, hasEnded, type RunSnapshot } from '#libs/contract';
import { isReply, previewAt, type Content } from '#libs/messengers';
import { Bell } from '../state/bell.js';
import { ChatLost } from '../state/chat-book.js';
import type { AnswerTask, Piece } from '../state/chat-state.js';
import { place } from '../posting/place.js';
import { answerText } from './answer-text.js';
import { askContent, noteAsks } from './asks.js';
import { listen } from './listen.js';
import { openAnswer, type Opening } from './open-answer.js';

const TYPING_EVERY_MS = 5_000;
const NOTHING: Content = { text: '...' };

/**
 * Tells one answer in its chat: the run's text is shown as it grows, and its final text in the end, whatever happened
 * in between. All that is shown is made from the run's log, so another process goes on where this one was.
 */
export class AnswerTeller {
  private readonly bell = new Bell();
  private snapshot: RunSnapshot = EMPTY_SNAPSHOT;
  /** Said in place of a run that cannot be heard. */
  private failure: string | undefined;
  private rendered: { readonly text: string; readonly contents: readonly Content[] } = { text: '', contents: [] };
  private firstTextAt: number | undefined;
  private shownAt: number | undefined;
  private typedAt = 0;

  constructor(
    private readonly opening: Opening,
    private readonly task: AnswerTask,
  ) {}

  /** Resolves when the chat shows the end, with how it came out. Rejects with ChatLost. */
  async tell(): Promise<string> {
    const { task, opening } = this;
    const { book, ports } = opening;
    if (task.isStopped && task.prompt) this.failure = '[Stopped]';
    else this.failure = await openAnswer(opening, task);
    const leaving = new AbortController();
    const signal = AbortSignal.any([book.over, leaving.signal]);
    const hear = (snapshot: RunSnapshot): void => this.hear(snapshot);
    const { runId, owner } = task;
    const heard = this.failure === undefined ? listen(ports, { runId, owner, signal, hear }) : undefined;
    const ended = heard?.then((why) => {
      this.failure = why;
      this.bell.ring();
    });
    // Its work goes on below; a failure of a listener that nobody foresaw must not end the process.
    ended?.catch((cause: unknown) => {
      ports.logger.error({ err: cause, runId }, 'a run could not be listened to');
      this.failure = '[The answer was lost]';
      this.bell.ring();
    });
    try {
      while (!(await this.show())) await this.bell.wait(this.msToNext(), book.over);
      return this.outcome();
    } finally {
      leaving.abort();
    }
  }

  private get isFinal(): boolean {
    return this.failure !== undefined || hasEnded(this.snapshot);
  }

  private hear(snapshot: RunSnapshot): void {
    const isFirst = this.snapshot === EMPTY_SNAPSHOT;
    this.snapshot = snapshot;
    if (this.firstTextAt === undefined && this.text !== '') this.firstTextAt = this.opening.ports.now();
    // Waking up for every delta would cost more than showing it.
    if (isFirst || this.isFinal || noteAsks(this.task, snapshot) || this.msToNext() <= 0) this.bell.ring();
    else if (this.shownAt === undefined && this.firstTextAt !== undefined) this.bell.ring();
  }

  private get text(): string {
    const text = answerText(this.snapshot);
    return this.failure === undefined ? text : [text, this.failure].filter((part) => part !== '').join('\n\n');
  }

  private contents(): readonly Content[] {
    const { text } = this;
    if (this.rendered.text !== text) {
      this.rendered = { text, contents: this.opening.capabilities.render(text) };
    }
    return this.rendered.contents;
  }

  private msToNext(): number {
    const { firstTextAt, shownAt, task, opening } = this;
    if (this.isFinal) return 0;
    const now = opening.ports.now();
    if (firstTextAt === undefined) return Math.max(0, this.typedAt + TYPING_EVERY_MS - now);
    const chars = this.text.length;
    const state = { isGroup: task.isGroup, chars, firstTextAt, ...(shownAt !== undefined && { shownAt }) };
    const at = previewAt(opening.messenger.pace, state);
    return Math.max(0, at - now);
  }

  /** Shows what is due. @returns whether that was the end. */
  private async show(): Promise<boolean> {
    const { book } = this.opening;
    if (book.over.aborted) throw new ChatLost(book.claim.chat);
    const wasFinal = this.isFinal;
    if (wasFinal) noteAsks(this.task, this.snapshot);
    if (!wasFinal && this.firstTextAt === undefined) await this.type();
    if (wasFinal || (this.firstTextAt !== undefined && this.msToNext() <= 0)) await this.showText();
    for (const ask of this.task.asks) await this.put(ask.piece, () => askContent(ask));
    if (!wasFinal) return false;
    await this.removeSurplus();
    return true;
  }

  private async showText(): Promise<void> {
    const { task, opening } = this;
    for (let i = 0; i < this.contents().length; i++) {
      const piece = (task.parts[i] ??= {});
      const replyTo = isReply(opening.messenger.replyMode, i) ? task.messageId : undefined;
      await this.put(piece, () => this.contents()[i], replyTo);
      if (i === 0 && this.shownAt === undefined && piece.id !== undefined) {
        opening.ports.onFirstText?.((opening.ports.now() - (this.firstTextAt ?? opening.ports.now())) / 1_000);
      }
    }
    this.shownAt = opening.ports.now();
  }

  private async put(piece: Piece, content: () => Content | undefined, replyTo?: string): Promise<void> {
    const { thread, isGroup } = this.task;
    await place(this.opening, { piece, thread, isGroup, content, ...(replyTo !== undefined && { replyTo }) });
  }

  /** A step that was begun anew may have had more text than the end has. */
  private async removeSurplus(): Promise<void> {
    const { caller, chatId, book } = this.opening;
    for (const piece of this.task.parts.slice(this.contents().length)) {
      // Whether it is there at all is looked up first.
      if (piece.sending) await this.put(piece, () => NOTHING);
      const { id } = piece;
      if (id === undefined) continue;
      await caller.call(async () => ({ kind: 'remove', chat: chatId, id }), { isGroup: this.task.isGroup });
      delete piece.id;
      await book.save();
    }
  }

  private async type(): Promise<void> {
    const { caller, chatId, ports } = this.opening;
    const { thread, isGroup } = this.task;
    if (ports.now() < this.typedAt + TYPING_EVERY_MS) return;
    this.typedAt = ports.now();
    await caller.call(async () => ({ kind: 'typing', chat: chatId, thread }), { isGroup, isSmall: true, waitMsMax: 0 });
  }

  private outcome(): string {
    const refused = this.task.parts.find((piece) => piece.refused !== undefined)?.refused;
    return refused === undefined ? 'delivered' : `failed: ${refused}`;
  }
}
