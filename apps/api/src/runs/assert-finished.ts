import { GatewayError } from '#libs/contract';
import type { FoundRun } from '#libs/runs';

type Found = { readonly kind: 'stored' } | Extract<FoundRun, { kind: 'logged' }>;

/**
 * Throws GatewayError `invalid_request` for a run that is still under way: a run that continues it now would miss its
 * answer.
 */
export function assertFinished(found: Found): void {
  if (found.kind === 'stored' || found.head.ended) return;
  const param = 'previous_response_id';
  throw new GatewayError('invalid_request', `What '${param}' names is not finished yet.`, { param });
}
