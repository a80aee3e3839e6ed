import { UnconfirmedWalk } from '../walk-unconfirmed.js';
import type { Duty } from './duty.js';

const EVERY_MS = 15_000;
/** By then the worker has enqueued an ended run for the store, and the store has written it. */
const AGE_MS_MIN = 15_000;
/**
 * With more batches than this in the persist queue, the store is behind or away. Runs are then unconfirmed because they
 * wait in that queue, and enqueueing them again every round would fill Redis.
 */
const WAITING_BATCHES_MAX = 20;

/** Enqueues ended runs for the store that never reached the persist queue, because their worker died before. */
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
