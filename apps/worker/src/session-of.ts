import type { RunSpec, Turn } from '#libs/contract';

type Lineage = Pick<RunSpec, 'sessionId' | 'parentId'>;

/**
 * The session in whose workspace a run's tools work: its own, else that of the run which began the chain, or that run's
 * id. Undefined for a run that stands alone. Rejects as `turns` does.
 */
export async function sessionOf(
  { sessionId, parentId }: Lineage,
  history: { turns(runId: string): Promise<readonly Turn[]> },
): Promise<string | undefined> {
  if (sessionId !== undefined || parentId === undefined) return sessionId;
  const [first] = await history.turns(parentId);
  return first?.snapshot.sessionId ?? first?.runId ?? parentId;
}
