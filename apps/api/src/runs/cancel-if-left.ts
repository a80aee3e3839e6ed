import type { Logger } from '#libs/platform';
import type { Listeners } from './listeners.js';
import type { RunService } from './run-service.js';

export interface LeavingParts {
  readonly runs: Pick<RunService, 'cancel' | 'isHeardElsewhere'>;
  readonly listeners: Listeners;
  readonly logger: Logger;
}

/**
 * Ends a run whose client is gone and who said, or whose protocol says, that nobody wants the answer then; nobody ends
 * a run that others listen to, here or through another process. What fails is logged: the run then goes on to its own
 * end.
 */
export async function cancelIfLeft({ runs, listeners, logger }: LeavingParts, runId: string): Promise<void> {
  if (listeners.countOf(runId) > 0) return;
  try {
    if (!(await runs.isHeardElsewhere(runId))) await runs.cancel(runId, 'client_disconnected');
  } catch (cause) {
    logger.warn({ err: cause, runId }, 'a run whose client is gone could not be cancelled');
  }
}
