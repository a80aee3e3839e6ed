import { createHash } from 'node:crypto';
import type { Capabilities, Content, Outcome, Step } from '#libs/messengers';
import { rest } from '../state/bell.js';
import { ChatLost, type ChatBook } from '../state/chat-book.js';
import { noteOurs, type Piece } from '../state/chat-state.js';
import type { Caller, CallTerms } from './caller.js';

/** A send whose outcome is unknown may still take effect: it is looked for after so long. */
const SETTLE_MS = 2_000;
/** Ids that are tried, the next ones in the chat. */
const CANDIDATES_MAX = 8;
const AGAIN_MS_MIN = 1_000;
const AGAIN_MS_MAX = 30_000;

export interface Posting {
  readonly book: ChatBook;
  readonly caller: Caller;
  readonly capabilities: Capabilities;
  /** The platform's own id of the chat. */
  readonly chatId: string;
}

export interface Placement {
  readonly piece: Piece;
  readonly thread: string;
  readonly isGroup: boolean;
  /** What the message shall show now; asked at the moment of the call. undefined: nothing. */
  content(): Content | undefined;
  readonly replyTo?: string;
}

/**
 * Makes a message show its content, once: it is sent when it is not there, edited when it shows something else.
 *
 *   nothing -> `sending` is written -> sent -> id and hash are written        a crash leaves `sending`:
 *   `sending` -> the next ids of the chat are edited; the one that is ours takes the edit, and is the message
 *             -> none is: the send has not taken effect, and is made again
 *
 * An edit may be repeated, so nothing is written before it. Resolves when the message shows its content, or when the
 * platform refuses it (`piece.refused`). Rejects with ChatLost.
 */
export async function place(posting: Posting, placement: Placement): Promise<void> {
  const { book } = posting;
  const { piece } = placement;
  let pause = AGAIN_MS_MIN;
  while (piece.refused === undefined) {
    if (book.over.aborted) throw new ChatLost(book.claim.chat);
    const content = wanted(placement);
    if (!content || (piece.id !== undefined && piece.hash === hashOf(content))) return;
    const outcome = await oneCall(posting, placement);
    if (outcome === undefined) return;
    if (outcome.kind === 'unknown' || outcome.kind === 'unsent') {
      await rest(Math.max(pause, outcome.kind === 'unknown' ? SETTLE_MS : 0), book.over);
      pause = Math.min(2 * pause, AGAIN_MS_MAX);
    } else pause = AGAIN_MS_MIN;
  }
}

function oneCall(posting: Posting, placement: Placement): Promise<Outcome | undefined> {
  if (placement.piece.id !== undefined) return edit(posting, placement, placement.piece.id);
  return placement.piece.sending ? lookUp(posting, placement) : send(posting, placement);
}

async function send({ book, caller, capabilities, chatId }: Posting, placement: Placement) {
  const { piece, thread, replyTo } = placement;
  let hash = '';
  const prepare = async (): Promise<Step | undefined> => {
    const content = wanted(placement);
    if (!content) return undefined;
    hash = hashOf(content);
    piece.sending = { after: book.state.lastId };
    await book.save();
    return { kind: 'send', chat: chatId, thread, content, ...(replyTo !== undefined && { replyTo }) };
  };
  const outcome = await caller.call(prepare, termsOf(placement));
  if (outcome === undefined || outcome.kind === 'unknown') return outcome;
  delete piece.sending;
  if (outcome.kind === 'done' && outcome.id !== undefined) adopt(book, piece, { id: outcome.id, hash, capabilities });
  else noteRefusal(piece, outcome);
  await book.save();
  return outcome;
}

async function edit({ book, caller, chatId }: Posting, placement: Placement, id: string) {
  const { piece } = placement;
  let hash = '';
  const prepare = async (): Promise<Step | undefined> => {
    const content = wanted(placement);
    if (!content) return undefined;
    hash = hashOf(content);
    return { kind: 'edit', chat: chatId, id, content };
  };
  const outcome = await caller.call(prepare, termsOf(placement));
  if (outcome === undefined) return undefined;
  if (outcome.kind === 'done' || outcome.kind === 'unchanged') piece.hash = hash;
  else if (outcome.kind === 'gone') forgetGone(piece);
  else noteRefusal(piece, outcome);
  await book.save();
  return outcome;
}

/** Looks for a message that was sent perhaps. */
async function lookUp(posting: Posting, placement: Placement): Promise<Outcome | undefined> {
  const { book, capabilities } = posting;
  const { piece } = placement;
  const after = piece.sending?.after ?? '0';
  const ids = capabilities.candidates(after, CANDIDATES_MAX).filter((id) => !book.state.ours.includes(id));
  for (const id of ids) {
    const { outcome, hash } = await tryId(posting, placement, id);
    if (outcome?.kind === 'done' || outcome?.kind === 'unchanged') {
      delete piece.sending;
      adopt(book, piece, { id, hash, capabilities });
      await book.save();
      return outcome;
    }
    // It says nothing about this id. The look-up begins anew.
    if (outcome?.kind !== 'gone' && outcome?.kind !== 'refused') return outcome;
    if (outcome.kind === 'refused' && outcome.markup) piece.isPlain = true;
  }
  delete piece.sending;
  await book.save();
  return { kind: 'gone' };
}

async function tryId({ book, caller, chatId }: Posting, placement: Placement, id: string) {
  let hash = '';
  const prepare = async (): Promise<Step | undefined> => {
    const content = wanted(placement);
    if (!content) return undefined;
    hash = hashOf(content);
    // Proves that the chat is still ours before anything is called.
    await book.save();
    return { kind: 'edit', chat: chatId, id, content };
  };
  return { outcome: await caller.call(prepare, termsOf(placement)), hash };
}

function adopt(book: ChatBook, piece: Piece, found: { id: string; hash: string; capabilities: Capabilities }): void {
  piece.id = found.id;
  piece.hash = found.hash;
  noteOurs(book.state, found.id, found.capabilities.later);
}

function noteRefusal(piece: Piece, outcome: Outcome): void {
  if (outcome.kind !== 'refused') return;
  if (outcome.markup && !piece.isPlain) piece.isPlain = true;
  else piece.refused = outcome.why;
}

/** Somebody deleted the message. It is sent again, but not for ever. */
function forgetGone(piece: Piece): void {
  if (piece.wasGone) piece.refused = 'the message was deleted';
  piece.wasGone = true;
  delete piece.id;
  delete piece.hash;
}

const termsOf = ({ isGroup }: Placement): CallTerms => ({ isGroup });

function wanted({ content, piece }: Placement): Content | undefined {
  const want = content();
  if (!want || !piece.isPlain) return want;
  const { entities: _, ...plain } = want;
  return plain;
}

function hashOf(content: Content): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64').slice(0, 16);
}
