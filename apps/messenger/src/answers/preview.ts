import type { Content, Outcome } from '#libs/messengers';
import { grow } from '../posting/grow.js';
import { place } from '../posting/place.js';
import { hashOf, wanted, type Placement } from '../posting/posting.js';
import type { AnswerTask } from '../state/chat-state.js';
import type { Opening } from './open-answer.js';

/** A draft is gone after 30 s: an answer that pauses shows its draft again. */
const DRAFT_MS = 20_000;
const DRAFT_WAIT_MS = 2_000;

/** Shows what an answer has so far, in the way that suits its chat best. Nothing here has to succeed. */
export class Preview {
  private draft: { readonly hash: string; readonly at: number } | undefined;
  private hasNoDrafts = false;

  constructor(
    private readonly opening: Opening,
    private readonly task: AnswerTask,
  ) {}

  /** @param isLast the message that grows. @returns whether it shows something now. Rejects with ChatLost. */
  async show(placement: Placement, isLast: boolean): Promise<boolean> {
    const { capabilities } = this.opening;
    const { piece, isGroup, thread } = placement;
    const way = isLast ? capabilities.previewOf(isGroup, thread) : 'edit';
    const { userId } = this.task;
    if (way === 'stream' && (await grow(this.opening, { ...placement, userId }))) return piece.id !== undefined;
    if (way === 'draft' && piece.id === undefined && !piece.sending && !this.hasNoDrafts) {
      return this.showDraft(placement);
    }
    await place(this.opening, placement);
    return piece.id !== undefined || piece.refused !== undefined;
  }

  private async showDraft(placement: Placement): Promise<boolean> {
    const { caller, chatId, ports } = this.opening;
    const { thread, isGroup, key } = placement;
    const now = ports.now();
    let shown: Content | undefined;
    const terms = { kind: 'draft', isGroup, waitMsMax: DRAFT_WAIT_MS } as const;
    const outcome: Outcome | undefined = await caller.call(async () => {
      const content = wanted(placement);
      if (!content || (this.draft?.hash === hashOf(content) && now < this.draft.at + DRAFT_MS)) return undefined;
      shown = content;
      return { kind: 'draft', chat: chatId, thread, key, content };
    }, terms);
    if (outcome?.kind === 'refused') this.hasNoDrafts = true;
    if (outcome?.kind === 'done' && shown) this.draft = { hash: hashOf(shown), at: now };
    return this.draft !== undefined;
  }
}
