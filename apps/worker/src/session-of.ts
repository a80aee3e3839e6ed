import type { RunSpec, Turn } from '#libs/contract';

type Lineage = Pick<RunSpec, 'sessionId' | 'parentId'>;

/**
 * The session in whose workspace a run's tools work: the run's own session, or else the session (or the id) of the
 * first run of its chain. undefined when the run stands alone. Rejects like `turns`.
 */
export async function sessionOf(
  { sessionId, parentId }: Lineage,
  history: { turns(runId: string): Promise<readonly Turn[]> },
): Promise<string | undefined> {
  if (sessionId !== undefined || parentId === undefined) return sessionId;
  const [first] = await history.turns(parentId);
  return first?.snapshot.sessionId ?? first?.runId ?? parentId;
}
