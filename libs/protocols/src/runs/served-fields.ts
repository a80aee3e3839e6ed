import type { RunSnapshot } from '#libs/contract';
import type { ServedFields } from '#libs/wire';

/**
 * Who answered and how long it took, for the objects of ended runs: `served_by`, the upstream of the last answer;
 * `attempts`, the requests that were made; `latency`, from the request to the first word and to the end, in ms by the
 * clocks of two processes. Nothing for a run that no upstream has answered.
 */
export function servedFields({ steps, createdAt, firstTokenAt, endedAt }: RunSnapshot): Partial<ServedFields> {
  const last = steps.findLast(({ status }) => status === 'completed') ?? steps.at(-1);
  if (!last) return {};
  const since = (at: number | undefined): number | null => (at === undefined ? null : Math.max(0, at - createdAt));
  return {
    served_by: last.upstream,
    attempts: steps.reduce((sum, { attempts = 1 }) => sum + attempts, 0),
    latency: { first_token_ms: since(firstTokenAt), total_ms: since(endedAt) },
  };
}
