import type { RunDraft } from '#libs/contract';
import { fieldOf, placeOf, refuse, requiredText } from '../../request-place.js';
import { COMPACTION_TASK } from '../compaction.js';

/** The least bound that the published API takes. */
const THRESHOLD_MIN = 1_000;

export interface ContextManagement extends Pick<RunDraft, 'compaction'> {
  /** Types of entries that mean nothing here. */
  readonly leftOut: readonly string[];
}

/**
 * `context_management`: entries of the type compaction with a threshold in tokens. One without a threshold leaves it to
 * the upstream's service, which is not here: it is left out. Throws GatewayError that names the place.
 */
export function decodeContextManagement(entries: readonly unknown[]): ContextManagement {
  const leftOut: string[] = [];
  let above: number | undefined;
  entries.forEach((value, i) => {
    const place = placeOf(value, `context_management[${i}]`);
    const type = requiredText(place, 'type');
    const threshold = type === 'compaction' ? fieldOf(place, 'compact_threshold') : undefined;
    if (threshold === undefined) leftOut.push(type);
    else if (typeof threshold === 'number' && Number.isSafeInteger(threshold) && threshold >= THRESHOLD_MIN) {
      above = threshold;
    } else throw refuse(`${place.path}.compact_threshold`, `must be an integer of at least ${THRESHOLD_MIN}.`);
  });
  return { ...(above !== undefined && { compaction: { above, task: COMPACTION_TASK } }), leftOut };
}
