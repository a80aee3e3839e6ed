import { GatewayError } from '../errors.js';
import type { RunSnapshot } from './run-snapshot.js';

/**
 * Throws GatewayError `run_expired` for what the store has of a run whose content was not to be kept (`retain: false`):
 * everything that would be made of it looks like an answer that is empty.
 * @param param names the run where a request names several.
 */
export function assertContentKept({ contentKept }: Pick<RunSnapshot, 'contentKept'>, param?: string): void {
  if (contentKept !== false) return;
  const what = 'The content of this run was not kept, as the request asked (store: false), and its log has expired.';
  throw new GatewayError('run_expired', what, param === undefined ? {} : { param });
}
