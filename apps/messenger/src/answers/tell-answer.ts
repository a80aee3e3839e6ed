import { EMPTY_SNAPSHOT, hasEnded, type RunSnapshot } from '#libs/contract';
import { isReply, previewAt, type Content, type Outcome } from '#libs/messengers';
import { Bell, rest } from '../state/bell.js';
import { ChatLost } from '../state/chat-book.js';
import type { AnswerTask, Piece } from '../state/chat-state.js';
import { place } from '../posting/place.js';
import { answerText } from './answer-text.js';
import { askContent, noteAsks, stopButtons } from './asks.js';
import { listen } from './listen.js';
import { openAnswer, type Opening } from './open-answer.js';
import { Preview } from './preview.js';

const TYPING_EVERY_MS = 5_000;
/** A preview for which there was no time is tried again after so long. */
const PREVIEW_AGAIN_MS = 1_000;
const REMOVE_AGAIN_MS = 1_000;
/** Another try would change nothing. */
const REMOVED: ReadonlySet<Outcome['kind']> = new Set(['done', 'gone', 'unchanged', 'refused']);
const NOTHING: Content = { text: '...' };
const EMPTY: Content = { text: '[The answer is empty]' };

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
  private readonly preview: Preview;
  private notBefore = 0;
  private firstTextAt: number | undefined;
  private shownAt: number | undefined;
  private typedAt = 0;

  constructor(
    private readonly opening: Opening,
    private readonly task: AnswerTask,
  ) {
    this.preview = new Preview(opening, task);
  }

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
    // Also in the first one: a run that waits for its user was parked before anybody listened.
    const hasNewAsks = noteAsks(this.task, snapshot, this.opening.capabilities);
    // Waking up for every delta would cost more than showing it.
    if (isFirst || this.isFinal || hasNewAsks || this.msToNext() <= 0) this.bell.ring();
    else if (this.shownAt === undefined && this.firstTextAt !== undefined) this.bell.ring();
  }

  private get text(): string {
    if (this.task.asksOnly) return '';
    const text = answerText(this.snapshot);
    return this.failure === undefined ? text : [text, this.failure].filter((part) => part !== '').join('\n\n');
  }

  private contents(): readonly Content[] {
    const { text } = this;
    if (this.rendered.text !== text) {
      this.rendered = { text, contents: this.opening.capabilities.render(text) };
    }
    const { contents } = this.rendered;
    // Marks around nothing, a block of code without a line say, are an answer all the same.
    return this.isFinal && text !== '' && contents.length === 0 ? [EMPTY] : contents;
  }

  /** What a message of the answer shows now: the last one of a growing answer has the button that stops it. */
  private contentOf(part: number): Content | undefined {
    const contents = this.contents();
    const content = contents[part];
    const isLast = part === contents.length - 1;
    if (!content || !isLast || this.isFinal || !this.opening.capabilities.stopButton) return content;
    return { ...content, buttons: stopButtons(this.task) };
  }

  private msToNext(): number {
    const { firstTextAt, shownAt, task, opening } = this;
    if (this.isFinal) return 0;
    const now = opening.ports.now();
    if (firstTextAt === undefined) return Math.max(0, this.typedAt + TYPING_EVERY_MS - now);
    const chars = this.text.length;
    const state = { isGroup: task.isGroup, chars, firstTextAt, ...(shownAt !== undefined && { shownAt }) };
    const at = Math.max(previewAt(opening.messenger.pace, state), this.notBefore);
    return Math.max(0, at - now);
  }

  /** Shows what is due. @returns whether that was the end. */
  private async show(): Promise<boolean> {
    const { book } = this.opening;
    if (book.over.aborted) throw new ChatLost(book.claim.chat);
    const wasFinal = this.isFinal;
    if (wasFinal) noteAsks(this.task, this.snapshot, this.opening.capabilities);
    if (!wasFinal && this.firstTextAt === undefined) await this.type();
    if (wasFinal || (this.firstTextAt !== undefined && this.msToNext() <= 0)) await this.showText();
    const { textMax } = this.opening.capabilities;
    for (const ask of this.task.asks) await this.put(ask.piece, ask.key, () => askContent(ask, textMax));
    if (!wasFinal) return false;
    await this.removeSurplus();
    return true;
  }

  private async showText(): Promise<void> {
    const { opening } = this;
    let isShown = true;
    for (let i = 0; isShown && i < this.contents().length; i++) isShown = await this.showPart(i);
    const now = opening.ports.now();
    if (!isShown) {
      this.notBefore = now + PREVIEW_AGAIN_MS;
      return;
    }
    if (this.shownAt === undefined) opening.ports.onFirstText?.((now - (this.firstTextAt ?? now)) / 1_000);
    this.shownAt = now;
  }

  /** @returns whether the message shows something now. */
  private async showPart(part: number): Promise<boolean> {
    const { task, opening } = this;
    const piece = (task.parts[part] ??= {});
    const content = (): Content | undefined => this.contentOf(part);
    const replyTo = isReply(opening.messenger.replyMode, part) ? task.messageId : undefined;
    const key = `${task.id} ${part}`;
    if (this.isFinal) {
      await this.put(piece, key, content, replyTo);
      return true;
    }
    const { thread, isGroup } = task;
    const placement = { piece, thread, isGroup, key, content, isPreview: true };
    const isLast = part === this.contents().length - 1;
    return this.preview.show({ ...placement, ...(replyTo !== undefined && { replyTo }) }, isLast);
  }

  private async put(piece: Piece, key: string, content: () => Content | undefined, replyTo?: string): Promise<void> {
    const { thread, isGroup } = this.task;
    await place(this.opening, { piece, thread, isGroup, key, content, ...(replyTo !== undefined && { replyTo }) });
  }

  /** A step that was begun anew may have had more text than the end has. */
  private async removeSurplus(): Promise<void> {
    const { caller, chatId, book } = this.opening;
    for (const piece of this.task.parts.slice(this.contents().length)) {
      // Whether it is there at all is looked up first.
      if (piece.sending) await this.put(piece, `${this.task.id} ...`, () => NOTHING);
      const { id } = piece;
      if (id === undefined) continue;
      const { isGroup } = this.task;
      for (;;) {
        const outcome = await caller.call(async () => ({ kind: 'remove', chat: chatId, id }), {
          kind: 'remove',
          isGroup,
        });
        if (outcome && REMOVED.has(outcome.kind)) break;
        await rest(REMOVE_AGAIN_MS, book.over);
        if (book.over.aborted) throw new ChatLost(book.claim.chat);
      }
      delete piece.id;
      await book.save();
    }
  }

  private async type(): Promise<void> {
    const { caller, chatId, ports, capabilities } = this.opening;
    const { thread, isGroup } = this.task;
    if (ports.now() < this.typedAt + TYPING_EVERY_MS) return;
    this.typedAt = ports.now();
    if (!capabilities.typing || this.task.asksOnly) return;
    const terms = { kind: 'typing', isGroup, waitMsMax: 0 } as const;
    await caller.call(async () => ({ kind: 'typing', chat: chatId, thread }), terms);
  }

  private outcome(): string {
    const refused = this.task.parts.find((piece) => piece.refused !== undefined)?.refused;
    return refused === undefined ? 'delivered' : `failed: ${refused}`;
  }
}
