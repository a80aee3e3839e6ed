import {
  type ConversationHolder,
  type ConversationLock,
  GatewayError,
  type JsonObject,
  type ConversationRef,
  type StoredConversations,
} from '#libs/contract';
import type { Runs } from '#libs/runs';
import { createHash } from 'node:crypto';
import { API_LIMITS } from '../../words/api-limits.js';

export interface ConversationParts {
  readonly conversations: StoredConversations;
  readonly turns: ConversationLock;
  readonly runs: Pick<Runs, 'head'>;
}

/** A conversation's last run. */
interface LastTurn extends ConversationHolder {
  /** It may still add something. */
  readonly isOpen: boolean;
  /** It has ended, and its log is there: what it adds can be added now. */
  readonly canSettle: boolean;
}

/** A run whose turn began so long ago and that has no log is not about to be opened any more. */
const OPENING_MS_MAX = 5_000;

/**
 * Conversations as the API sees them: the items are in the store, and who has the turn is in Redis. One run at a time:
 * the next one is told what the one before has added, however recently that ended.
 */
export class ConversationDesk {
  constructor(private readonly parts: ConversationParts) {}

  /** The reference under which a read sees everything that ended before it. */
  async settled({ id, owner }: ConversationRef): Promise<ConversationRef> {
    const last = await this.lastTurn(id);
    return { id, owner, ...(last?.canSettle && { settle: last.runId }) };
  }

  /**
   * Waits for nobody: throws GatewayError `conversation_locked` while another run has the turn.
   * @returns the settled reference, the run before, and what gives the turn to the next run; that in turn gives what
   * takes it back from a run that was refused.
   */
  async nextTurn({ id, owner }: ConversationRef): Promise<{
    readonly ref: ConversationRef;
    readonly lastRunId: string | undefined;
    begin(runId: string): Promise<(() => Promise<void>) | undefined>;
  }> {
    const last = await this.lastTurn(id);
    if (last?.isOpen) throw locked();
    return {
      ref: { id, owner, ...(last?.canSettle && { settle: last.runId }) },
      lastRunId: last?.runId,
      begin: async (runId) => {
        const { turns } = this.parts;
        if (last?.runId === runId) return undefined;
        if (!(await turns.begin(id, runId, last?.runId))) throw locked();
        return () => turns.giveBack(id, runId, last);
      },
    };
  }

  /** No run has the turn any more, also none that goes on: for a conversation that is about to be deleted. */
  forget(id: string): Promise<void> {
    return this.parts.turns.forget(id);
  }

  private async lastTurn(id: string): Promise<LastTurn | undefined> {
    const turn = await this.parts.turns.last(id);
    if (!turn) return undefined;
    const head = await this.parts.runs.head(turn.runId);
    const isOpen = head ? !head.ended : turn.ageMs < OPENING_MS_MAX;
    return { ...turn, isOpen, canSettle: head?.ended ?? false };
  }
}

/** A name means the same conversation on every replica for ever, whatever becomes of its responses. */
export function namedConversationId(name: string, owner: string): string {
  const hash = createHash('sha256').update(JSON.stringify([owner, name]));
  return `conv_${hash.digest('hex').slice(0, 32)}`;
}

/** Items of a conversation are found by their ids. Throws GatewayError for one that is too long to be looked up. */
export function assertItemIds(items: readonly JsonObject[], path: string): void {
  const at = items.findIndex(({ id }) => typeof id === 'string' && id.length > API_LIMITS.itemIdCharsMax);
  if (at < 0) return;
  const param = `${path}[${at}].id`;
  const problem = `'${param}' must have at most ${API_LIMITS.itemIdCharsMax} characters.`;
  throw new GatewayError('string_above_max_length', problem, { param });
}

export const conversationNotFound = (param: string): GatewayError =>
  new GatewayError('conversation_not_found', 'There is no conversation with this id.', { param });

const locked = (): GatewayError =>
  new GatewayError('conversation_locked', 'Another response of this conversation is under way.', {
    param: 'conversation',
    retryAfterSeconds: 1,
  });
