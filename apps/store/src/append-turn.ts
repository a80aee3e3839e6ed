import type { Logger } from '#libs/platform';
import { appendItems, sqlFault, type SqlDatabase } from '#libs/store';
import type { LoggedRun } from './read-logged-run.js';

export interface AppendTurnPorts {
  readonly db: SqlDatabase;
  readonly logger: Logger;
}

/**
 * Adds the input and the output of an ended run to its conversation, once. A deleted conversation, even one
 * re-created since, receives nothing; the run is stored regardless. Rejects when the database does.
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
    // A retry cannot help: the database cannot hold these items. It can hold the run itself.
    if (sqlFault(cause) !== 'data') throw cause;
    logger.error({ err: cause, runId }, 'a conversation cannot hold what a run adds to it');
  }
}
