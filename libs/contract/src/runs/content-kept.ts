import { GatewayError } from '../errors.js';
import type { RunSnapshot } from './run-snapshot.js';

/**
 * Throws GatewayError `run_expired` for a stored run whose content was not kept (`retain: false`), because everything
 * made from it would look like an empty answer.
 * @param param names the run where a request names several.
 */
export function assertContentKept({ contentKept }: Pick<RunSnapshot, 'contentKept'>, param?: string): void {
  if (contentKept !== false) return;
  const what = 'The content of this run was not kept, as the request asked (store: false), and its log has expired.';
  throw new GatewayError('run_expired', what, param === undefined ? {} : { param });
}
