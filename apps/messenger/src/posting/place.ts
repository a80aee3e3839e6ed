import type { Outcome, Step } from '#libs/messengers';
import { rest } from '../state/bell.js';
import { ChatLost } from '../state/chat-book.js';
import type { Piece } from '../state/chat-state.js';
import type { CallTerms } from './caller.js';
import { finishGrowing } from './grow.js';
import { lookUp } from './look-up.js';
import { adopt, hashOf, idAfter, noteRefusal, wanted, type Placement, type Posting } from './posting.js';

/** A send whose outcome is unknown may still take effect: it is looked for after so long. */
const SETTLE_MS = 2_000;
const AGAIN_MS_MIN = 1_000;
const AGAIN_MS_MAX = 30_000;

/**
 * Makes a message show its content, once: it is sent when it is not there, edited when it shows something else.
 *
 *   nothing -> `sending` is written -> sent -> id and hash are written        a crash leaves `sending`:
 *   `sending` -> it is looked up (look-up.ts): found, it is the message; else the send is made again
 *
 * An edit may be repeated, so nothing is written before it. Resolves when the message shows its content, or when the
 * platform refuses it (`piece.refused`). A preview is one call, and none when there is no time for it: what is final
 * comes first. Rejects with ChatLost.
 */
export async function place(posting: Posting, placement: Placement): Promise<void> {
  const { book } = posting;
  const { piece, isPreview } = placement;
  let pause = AGAIN_MS_MIN;
  while (piece.refused === undefined) {
    if (book.over.aborted) throw new ChatLost(book.claim.chat);
    const content = wanted(placement);
    if (!content || (piece.id !== undefined && piece.hash === hashOf(content))) return;
    const outcome = await oneCall(posting, placement);
    if (outcome === undefined) return;
    if (isPreview && piece.hash !== undefined && (outcome.kind === 'done' || outcome.kind === 'unchanged')) return;
    if (outcome.kind === 'unknown' || outcome.kind === 'unsent') {
      await rest(Math.max(pause, outcome.kind === 'unknown' ? SETTLE_MS : 0), book.over);
      pause = Math.min(2 * pause, AGAIN_MS_MAX);
    } else pause = AGAIN_MS_MIN;
  }
}

function oneCall(posting: Posting, placement: Placement): Promise<Outcome | undefined> {
  const { piece } = placement;
  if (piece.sending) return lookUp(posting, placement);
  if (piece.id === undefined) return send(posting, placement);
  return piece.growing ? finishGrowing(posting, placement, piece.id) : edit(posting, placement, piece.id);
}

async function send(posting: Posting, placement: Placement): Promise<Outcome | undefined> {
  const { book, caller, chatId } = posting;
  const { piece, thread, replyTo, key } = placement;
  let hash = '';
  const prepare = async (): Promise<Step | undefined> => {
    const content = wanted(placement);
    if (!content) return undefined;
    hash = hashOf(content);
    piece.sending = { after: await idAfter(posting) };
    await book.save();
    const ownKey = piece.wasGone ? `${key} again` : key;
    return { kind: 'send', chat: chatId, thread, content, key: ownKey, ...(replyTo !== undefined && { replyTo }) };
  };
  const outcome = await caller.call(prepare, termsOf('send', placement));
  if (outcome === undefined || outcome.kind === 'unknown') return outcome;
  delete piece.sending;
  if (outcome.kind === 'done' && outcome.id !== undefined) {
    adopt(posting, piece, { id: outcome.id, ...(!outcome.differs && { hash }) });
  } else noteRefusal(piece, outcome);
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
  const outcome = await caller.call(prepare, termsOf('edit', placement));
  if (outcome === undefined) return undefined;
  if (outcome.kind === 'done' || outcome.kind === 'unchanged') piece.hash = hash;
  else if (outcome.kind === 'gone') forgetGone(piece);
  else noteRefusal(piece, outcome);
  await book.save();
  return outcome;
}

/** Somebody deleted the message. It is sent again, but not for ever. */
function forgetGone(piece: Piece): void {
  if (piece.wasGone) piece.refused = 'the message was deleted';
  piece.wasGone = true;
  delete piece.id;
  delete piece.hash;
}

/** A preview is worth no longer a wait: the next one has more to show. */
const PREVIEW_WAIT_MS = 2_000;

function termsOf(kind: Step['kind'], { isGroup, isPreview }: Placement): CallTerms {
  return { kind, isGroup, ...(isPreview && { waitMsMax: PREVIEW_WAIT_MS }) };
}
