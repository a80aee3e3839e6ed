import type { RunJournal, RunQueue, RunSpec, SessionRef, SessionTurns } from '#libs/contract';

export interface TurnPorts {
  readonly turns: SessionTurns;
  readonly queue: Pick<RunQueue, 'enqueue' | 'place'>;
  readonly log: RunJournal;
}

/**
 * The next run's turn has come: it is queued behind what its key has waiting, like any run that is new. What is lost
 * between these steps is found by the scheduler (hand-on-turns).
 */
export async function handOnTurn(
  { turns, queue }: Pick<TurnPorts, 'turns' | 'queue'>,
  session: SessionRef,
  runId: string,
): Promise<void> {
  const next = await turns.leave(session, runId);
  if (next === undefined) return;
  const { owner } = session;
  const place = await queue.place({ owner, lane: 'interactive', waitingMax: Number.MAX_SAFE_INTEGER, slots: 0 });
  await queue.enqueue(next, place.kind === 'placed' ? place.tag : 0);
}

/**
 * Called by whoever wrote a run's terminal event, after it: if the run took a turn of a session, the next one begins.
 * Doing it twice does no harm. `spec` saves a look at the log.
 */
export async function turnOver(ports: TurnPorts, runId: string, spec?: RunSpec): Promise<void> {
  if (spec && !spec.inTurn) return;
  const head = spec ? { owner: spec.owner, turnOf: spec.sessionId } : await ports.log.head(runId);
  if (head?.turnOf === undefined) return;
  await handOnTurn(ports, { owner: head.owner, sessionId: head.turnOf }, runId);
}
