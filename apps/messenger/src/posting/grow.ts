import { createHash } from 'node:crypto';
import type { Outcome, Step } from '#libs/messengers';
import type { Growing } from '../state/chat-state.js';
import { adopt, hashOf, idAfter, wanted, type Placement, type Posting } from './posting.js';

/** More would not be shown sooner. */
const APPEND_WAIT_MS = 2_000;

/**
 * Shows more of a text in a message that the platform lets grow. What is appended cannot be taken back, and an append
 * whose outcome is unknown cannot be repeated: `isBroken` is written before each one, and a message that is found so is
 * ended and edited as a whole. Rejects with ChatLost.
 *
 * @returns whether it is a growing message; if not, it is to be placed by sends and edits.
 */
export async function grow(posting: Posting, placement: Placement & { readonly userId: string }): Promise<boolean> {
  const { piece } = placement;
  if (piece.sending || piece.noGrowing || piece.refused !== undefined) return false;
  if (piece.id === undefined) return begin(posting, placement);
  if (!piece.growing) return false;
  await append(posting, placement, piece.id, piece.growing);
  return true;
}

async function begin(posting: Posting, placement: Placement & { readonly userId: string }): Promise<boolean> {
  const { book, caller, chatId } = posting;
  const { piece, thread, isGroup, userId } = placement;
  let text = '';
  const prepare = async (): Promise<Step | undefined> => {
    text = wanted(placement)?.text ?? '';
    if (text === '') return undefined;
    piece.sending = { after: await idAfter(posting), isGrowing: true };
    await book.save();
    return { kind: 'begin', chat: chatId, thread, userId, text };
  };
  const outcome = await caller.call(prepare, { kind: 'begin', isGroup, waitMsMax: 0 });
  // Too many grow already: this one is shown by edits.
  if (outcome === undefined) return false;
  if (outcome.kind === 'unknown') return true;
  delete piece.sending;
  if (outcome.kind === 'done' && outcome.id !== undefined) {
    adopt(posting, piece, { id: outcome.id });
    piece.growing = { sent: text.length, hash: digest(text) };
  } else if (outcome.kind === 'refused') piece.noGrowing = true;
  await book.save();
  return outcome.kind === 'done';
}

async function append({ book, caller, chatId }: Posting, placement: Placement, id: string, growing: Growing) {
  const { piece, isGroup } = placement;
  let [text, more]: [string, string | undefined] = ['', undefined];
  const prepare = async (): Promise<Step | undefined> => {
    if (more === undefined) {
      text = wanted(placement)?.text ?? '';
      more = restOf(growing, text);
    }
    if (more === undefined || more === '') return undefined;
    growing.isBroken = true;
    await book.save();
    return { kind: 'append', chat: chatId, id, text: more };
  };
  const outcome = await caller.call(prepare, { kind: 'append', isGroup, waitMsMax: APPEND_WAIT_MS });
  if (outcome === undefined || outcome.kind === 'unknown') return;
  delete growing.isBroken;
  if (outcome.kind === 'done') Object.assign(growing, { sent: text.length, hash: digest(text) });
  else if (outcome.kind === 'gone' || outcome.kind === 'refused') delete piece.growing;
  await book.save();
}

/** Ends a message that grows, with the rest of its text where that is possible. What it shows else, an edit mends. */
export async function finishGrowing({ book, caller, chatId }: Posting, placement: Placement, id: string) {
  const { piece, isGroup } = placement;
  let hash: string | undefined;
  let more: string | undefined;
  const prepare = async (): Promise<Step | undefined> => {
    const content = wanted(placement);
    const { growing } = piece;
    if (!content || !growing) return undefined;
    if (hash === undefined) {
      more = content.buttons ? undefined : restOf(growing, content.text);
      hash = more === undefined ? undefined : hashOf(content);
    }
    growing.isBroken = true;
    await book.save();
    return { kind: 'finish', chat: chatId, id, ...(more && { text: more }) };
  };
  const outcome: Outcome | undefined = await caller.call(prepare, { kind: 'finish', isGroup });
  if (outcome === undefined || outcome.kind === 'unknown') return outcome;
  if (outcome.kind === 'wait' || outcome.kind === 'unsent') {
    if (hash !== undefined) delete piece.growing?.isBroken;
  } else {
    delete piece.growing;
    if (outcome.kind === 'done' && hash !== undefined) piece.hash = hash;
  }
  await book.save();
  // Not taken for a message that somebody deleted: an edit tells.
  return outcome.kind === 'gone' || outcome.kind === 'refused' ? ({ kind: 'done' } as const) : outcome;
}

/** What is to be appended; undefined: the message shows something else than the beginning of the text. */
function restOf({ sent, hash, isBroken }: Growing, text: string): string | undefined {
  if (isBroken || text.length < sent || digest(text.slice(0, sent)) !== hash) return undefined;
  return text.slice(sent);
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64').slice(0, 16);
