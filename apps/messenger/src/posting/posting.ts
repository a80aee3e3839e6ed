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

/** A message that is sent from now on has a higher id. Chats that count together take many ids in a burst. */
export async function idAfter({ book, capabilities, chatId }: Posting): Promise<string> {
  const { later } = capabilities;
  const own = later(book.state.lastId, capabilities.idBefore(Date.now() - CLOCK_SPARE_MS));
  if (!countsIds({ capabilities, chatId })) return own;
  // Without it a look-up has more ids to try.
  const shared = await book.desk.highestId(platformOf(book)).catch(() => undefined);
  return shared === undefined ? own : later(own, shared);
}

/** Ids behind `after` that are known to be those of other messages. */
export async function takenIds({ book, capabilities, chatId }: Posting, after: string): Promise<ReadonlySet<string>> {
  if (!countsIds({ capabilities, chatId })) return new Set(book.state.ours);
  const shared = await book.desk.idsAfter(platformOf(book), after).catch(() => []);
  return new Set([...book.state.ours, ...shared]);
}

/** Tells all chats that count together that this id is taken. What they are not told they find out by trying. */
export function noteId({ book, capabilities, chatId }: Omit<Posting, 'caller'>, id: string): void {
  if (countsIds({ capabilities, chatId })) void book.desk.noteId(platformOf(book), id).catch(() => undefined);
}

const countsIds = ({ capabilities, chatId }: Pick<Posting, 'capabilities' | 'chatId'>): boolean =>
  capabilities.sharesIds === true && !capabilities.isGroupChat(chatId);

const platformOf = ({ claim }: ChatBook): string => claim.chat.slice(0, claim.chat.indexOf(':'));

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
