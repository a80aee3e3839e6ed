import { createHash } from 'node:crypto';
import type { Capabilities, Content, Outcome } from '#libs/messengers';
import type { ChatBook } from '../state/chat-book.js';
import { noteOurs, type Piece } from '../state/chat-state.js';
import type { Caller } from './caller.js';

/** What posting into a chat needs. */
export interface Posting {
  readonly book: ChatBook;
  readonly caller: Caller;
  readonly capabilities: Capabilities;
  /** The platform's own id of the chat. */
  readonly chatId: string;
}

/** One message, and where it belongs. */
export interface Placement {
  readonly piece: Piece;
  readonly thread: string;
  readonly isGroup: boolean;
  /** Of the message, the same in every process and for every try. */
  readonly key: string;
  /** What the message shall show now; asked at the moment of the call. undefined: nothing. */
  content(): Content | undefined;
  readonly replyTo?: string;
  /** More is to come. */
  readonly isPreview?: boolean;
}

/** Servers' clocks differ from ours by less, in ms. */
const CLOCK_SPARE_MS = 60_000;

/** A message that is sent from now on has a higher id. */
export function idAfter({ book, capabilities, chatId }: Posting): string {
  const own = capabilities.later(book.state.lastId, capabilities.idBefore(Date.now() - CLOCK_SPARE_MS));
  const shared = highest.get(capabilities);
  const counts = shared !== undefined && !capabilities.isGroupChat(chatId);
  return counts ? capabilities.later(own, shared) : own;
}

/** The highest id that this process saw in chats that count together: other chats take many in a burst. */
const highest = new WeakMap<Capabilities, string>();

export function noteId({ capabilities, chatId }: Pick<Posting, 'capabilities' | 'chatId'>, id: string): void {
  if (!capabilities.sharesIds || capabilities.isGroupChat(chatId)) return;
  highest.set(capabilities, capabilities.later(highest.get(capabilities) ?? '0', id));
}

/** The message is ours. `hash` of what it shows; absent: nobody knows. */
export function adopt(posting: Posting, piece: Piece, found: { id: string; hash?: string }): void {
  const { book, capabilities } = posting;
  noteId(posting, found.id);
  piece.id = found.id;
  if (found.hash === undefined) delete piece.hash;
  else piece.hash = found.hash;
  noteOurs(book.state, found.id, (a, b) => capabilities.later(a, b));
}

export function noteRefusal(piece: Piece, outcome: Outcome): void {
  if (outcome.kind !== 'refused') return;
  if (outcome.markup && !piece.isPlain) piece.isPlain = true;
  else piece.refused = outcome.why;
}

/** What the message shall show, without marks where the platform refused them. */
export function wanted({ content, piece }: Placement): Content | undefined {
  const want = content();
  if (!want || !piece.isPlain) return want;
  const { entities: _, ...plain } = want;
  return plain;
}

/** Tells contents apart. */
export function hashOf(content: Content): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64').slice(0, 16);
}
