import { handOnTurn } from '#libs/bus';
import type { UnsettledSession } from '#libs/contract';
import type { Duty, DutyPorts } from './duty.js';

const EVERY_MS = 5_000;
/** Whoever ended a turn hands it on within milliseconds. */
const AGE_MS_MIN = 2_000;
const SESSIONS_PER_LOOK_MAX = 500;

/**
 * Sessions whose turn was not handed on: whoever ended it died before it could say so, or before the next run was
 * queued.
 *
 *   the active run has ended, or its log is gone   hand the turn on
 *   nobody has claimed it and it has no job        queue it
 *   nobody is active                               off the list
 */
export function handOnTurns(): Duty {
  return {
    name: 'hand-on-turns',
    everyMs: EVERY_MS,
    async run(ports, signal) {
      const sessions = await ports.turns.unsettled(SESSIONS_PER_LOOK_MAX);
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

/** @returns whether something had to be repaired. */
async function settle(session: UnsettledSession, { turns, runs, log }: DutyPorts): Promise<boolean> {
  const { active } = await turns.state(session);
  let repaired = false;
  if (active !== undefined) {
    const head = await log.head(active);
    const isOver = !head || head.ended;
    const isFresh = head?.attempt === 0 && !head.ended;
    const isUnqueued = isFresh && !(await runs.withJob([{ runId: active, generation: 0 }])).has(active);
    if (isOver) await handOnTurn({ turns, queue: runs }, session, active);
    else if (isUnqueued) await runs.enqueue(active);
    repaired = isOver || isUnqueued;
  }
  await turns.settle(session, active !== undefined);
  return repaired;
}
