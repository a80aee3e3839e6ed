import type { Outcome, Step } from '#libs/messengers';
import { adopt, hashOf, takenIds, wanted, type Placement, type Posting } from './posting.js';

/** Ids that are tried: the next ones in the chat that are not known to be those of other messages. */
const CANDIDATES_MAX = 8;

/**
 * Looks for a message that was sent perhaps: the platform is asked for it, or where it answers no such question, the
 * ids that the message can have are edited, and the one that takes the edit is it. Found, the piece has its id; else it
 * is as before it was sent. Other outcomes say nothing, and the look-up begins anew.
 */
export async function lookUp(posting: Posting, placement: Placement): Promise<Outcome | undefined> {
  const { candidates } = posting.capabilities;
  const after = placement.piece.sending?.after ?? '0';
  if (!candidates) return find(posting, placement, after);
  const taken = await takenIds(posting, after);
  const free = candidates(after, CANDIDATES_MAX + taken.size).filter((id) => !taken.has(id));
  return tryIds(posting, placement, free.slice(0, CANDIDATES_MAX));
}

async function find(posting: Posting, { piece, thread, isGroup }: Placement, after: string) {
  const { book, caller, chatId } = posting;
  const known = book.state.ours;
  const prepare = async (): Promise<Step> => ({ kind: 'find', chat: chatId, thread, after, known });
  const outcome = await caller.call(prepare, { kind: 'find', isGroup });
  const isFound = outcome?.kind === 'done' && outcome.id !== undefined;
  // Sent again, it might be there twice.
  if (outcome?.kind === 'refused') piece.refused = `nobody knows whether it was sent (${outcome.why})`;
  else if (!isFound && outcome?.kind !== 'gone') return outcome;
  // What it shows is not known: it is edited next, and if it was growing, ended before.
  if (isFound && piece.sending?.isGrowing) piece.growing = { sent: 0, hash: '', isBroken: true };
  delete piece.sending;
  if (isFound) adopt(posting, piece, { id: outcome.id ?? '' });
  await book.save();
  return outcome;
}

async function tryIds(posting: Posting, placement: Placement, ids: readonly string[]): Promise<Outcome | undefined> {
  const { book } = posting;
  const { piece } = placement;
  for (const id of ids) {
    const { outcome, hash } = await tryId(posting, placement, id);
    if (outcome?.kind === 'done' || outcome?.kind === 'unchanged') {
      delete piece.sending;
      adopt(posting, piece, { id, hash });
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
  return { outcome: await caller.call(prepare, { kind: 'edit', isGroup: placement.isGroup }), hash };
}
