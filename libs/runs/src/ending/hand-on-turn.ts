import type { RunQueue, SessionRef, SessionTurns } from '#libs/contract';
import { NO_BOUNDS, placeInQueue } from '../placing/place-in-queue.js';

export interface TurnPorts {
  readonly sessionTurns: SessionTurns;
  readonly queue: RunQueue;
}

/**
 * Ends a run's turn in its session and queues the run whose turn it is now, like any new run, behind those that its key
 * has waiting. Doing it twice does no harm. If the process dies between the two steps, the scheduler's duty
 * `hand-on-turns` queues the run.
 */
export async function handOnTurn(
  { sessionTurns, queue }: TurnPorts,
  session: SessionRef,
  runId: string,
): Promise<void> {
  const next = await sessionTurns.leave(session, runId);
  if (next === undefined) return;
  const spot = await placeInQueue(queue, { owner: session.owner, lane: 'interactive' }, NO_BOUNDS);
  await queue.enqueue(next, spot.kind === 'placed' ? spot.tag : 0);
}
