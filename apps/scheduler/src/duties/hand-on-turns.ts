import type { UnsettledSession } from '#libs/contract';
import { handOnTurn } from '#libs/runs';
import type { Duty, DutyPorts } from './duty.js';

const EVERY_MS = 5_000;
/** Normally a turn is handed on within milliseconds of its end. */
const AGE_MS_MIN = 2_000;
const SESSIONS_PER_LOOK_MAX = 500;

/**
 * Repairs sessions whose turn was not handed on, because a process died between the end of a run and the queueing of
 * the next one.
 *
 *   the active run has ended, or its log is gone   hand the turn on
 *   the active run is unclaimed and has no job     queue it
 *   no run is active                               off the list
 */
export function handOnTurns(): Duty {
  return {
    name: 'hand-on-turns',
    everyMs: EVERY_MS,
    async run(ports, signal) {
      const sessions = await ports.sessionTurns.unsettled(SESSIONS_PER_LOOK_MAX);
      const due = sessions.filter(({ since }) => since < ports.now() - AGE_MS_MIN);
      let repaired = 0;
      for (const session of due) {
        if (signal.aborted) break;
        if (await settle(session, ports)) repaired++;
      }
      if (repaired > 0) ports.logger.warn({ sessions: repaired }, 'turns that nobody had handed on were handed on');
    },
  };
}

/** @returns whether the session needed a repair. */
async function settle(session: UnsettledSession, ports: DutyPorts): Promise<boolean> {
  const { sessionTurns, queue, log } = ports;
  const { active } = await sessionTurns.state(session);
  let repaired = false;
  if (active !== undefined) {
    const head = await log.head(active);
    const isOver = !head || head.ended;
    const isFresh = head?.attempt === 0 && !head.ended;
    const isUnqueued = isFresh && !(await queue.withJob([{ runId: active, generation: 0 }])).has(active);
    if (isOver) await handOnTurn(ports, session, active);
    else if (isUnqueued) await queue.enqueue(active);
    repaired = isOver || isUnqueued;
  }
  await sessionTurns.settle(session, active !== undefined);
  return repaired;
}
