import type { Logger } from '#libs/platform';
import { appendItems, sqlFault, type SqlDatabase } from '#libs/store';
import type { LoggedRun } from './read-logged-run.js';

export interface AppendTurnPorts {
  readonly db: SqlDatabase;
  readonly logger: Logger;
}

/**
 * Adds what an ended run was given and what it said to its conversation, once. One that was deleted takes nothing, also
 * when it was made anew since: that is no reason to keep the run from being stored. Rejects when the database does.
 */
export async function appendTurn({ db, logger }: AppendTurnPorts, { snapshot, turn }: LoggedRun): Promise<void> {
  if (!turn) return;
  const { runId, owner, endedAt, updatedAt } = snapshot;
  const { conversationId, conversationMadeAt: madeAt, items } = turn;
  const key = { id: conversationId, owner };
  try {
    const isThere = await appendItems(db, key, {
      items,
      at: endedAt ?? updatedAt,
      runId,
      ...(madeAt !== undefined && { madeAt }),
    });
    if (!isThere) logger.info({ runId }, 'the conversation of a run is gone');
  } catch (cause) {
    // Now or later, the database cannot hold these; the run itself it can.
    if (sqlFault(cause) !== 'data') throw cause;
    logger.error({ err: cause, runId }, 'a conversation cannot hold what a run adds to it');
  }
}
