import { UnconfirmedWalk } from '../walk-unconfirmed.js';
import type { Duty } from './duty.js';

const EVERY_MS = 15_000;
/** Time in which the worker that ended a run has enqueued it for the store, and the store has written it. */
const AGE_MS_MIN = 15_000;
/**
 * Batches in the persist queue above which the store is behind or away. Then runs are unconfirmed because they wait in
 * that queue; to enqueue them again at every look would fill Redis.
 */
const WAITING_BATCHES_MAX = 20;

/** Runs that ended and never got into the persist queue (their worker died in between) are enqueued for the store. */
export function persistUnconfirmed(): Duty {
  const walk = new UnconfirmedWalk();
  return {
    name: 'persist-unconfirmed',
    everyMs: EVERY_MS,
    async run({ log, persist, logger, now }, signal) {
      const waiting = await persist.depth();
      if (waiting > WAITING_BATCHES_MAX) return;
      for await (const page of walk.look(log, now() - AGE_MS_MIN, signal)) {
        const ended = page.filter(({ head }) => head?.ended).map(({ runId }) => runId);
        if (ended.length === 0) continue;
        await persist.enqueue(ended);
        logger.info({ runs: ended.length }, 'finished runs were enqueued for the store again');
      }
    },
  };
}
