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
  /** The run may still add items. */
  readonly isOpen: boolean;
  /** The run has ended and its log exists, so its items can be added now. */
  readonly canSettle: boolean;
}

/** A run that began its turn this long ago and has no log will not be opened any more. */
const OPENING_MS_MAX = 5_000;

/**
 * Conversations for the API: their items are in the store, and the holder of the turn is in Redis. One run at a time:
 * the next run sees everything that the run before has added, however recently that one ended.
 */
export class ConversationDesk {
  constructor(private readonly parts: ConversationParts) {}

  /** A reference for reads that see the items of every run that has ended. */
  async settled({ id, owner }: ConversationRef): Promise<ConversationRef> {
    const last = await this.lastTurn(id);
    return { id, owner, ...(last?.canSettle && { settle: last.runId }) };
  }

  /**
   * Does not wait: throws GatewayError `conversation_locked` while another run has the turn.
   * @returns the settled reference, the run before, and a function that gives the turn to the next run. That function
   *   returns another one, which takes the turn back from a run that was refused.
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

  /** Takes the turn from any run, even one under way, because the conversation is about to be deleted. */
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

/** A name stands for the same conversation on every replica for ever, whatever happens to its responses. */
export function namedConversationId(name: string, owner: string): string {
  const hash = createHash('sha256').update(JSON.stringify([owner, name]));
  return `conv_${hash.digest('hex').slice(0, 32)}`;
}

/** Items of a conversation are found by their ids. Throws GatewayError for an id that is too long for a lookup. */
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
