import { answerMessages, GatewayError, type JsonObject, type Turn } from '#libs/contract';
import { chatMessageObject } from '../runs/turn-object.js';

export interface MessagePage {
  readonly messages: readonly JsonObject[];
  readonly hasMore: boolean;
  /** Turns of the whole conversation whose content was not kept: they have no messages. */
  readonly turnsNotKept: number;
}

/**
 * The messages of a conversation, oldest first, after the one with the id `after`; at most `limit`. Ids are
 * `<run>:<n>`, n counting within the run. A run that is under way has only its input and its completed steps. Throws
 * GatewayError `invalid_cursor`.
 */
export function pageOfMessages(turns: readonly Turn[], limit: number, after?: string): MessagePage {
  const all = turns.flatMap(messagesOfTurn);
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && from === 0) {
    throw new GatewayError('invalid_cursor', 'after is not the id of a message of this session.', { param: 'after' });
  }
  const turnsNotKept = turns.filter(({ snapshot }) => snapshot.contentKept === false).length;
  return { messages: all.slice(from, from + limit), hasMore: all.length > from + limit, turnsNotKept };
}

function messagesOfTurn({ runId, input, snapshot }: Turn): JsonObject[] {
  const asked = (input?.messages ?? []).map((message) => ({ message, at: snapshot.createdAt }));
  const answered = answerMessages(snapshot).map((message) => ({ message, at: snapshot.updatedAt }));
  return [...asked, ...answered].map(({ message, at }, i) => ({
    id: `${runId}:${i}`,
    run_id: runId,
    created_at: at / 1_000,
    ...chatMessageObject(message),
  }));
}
