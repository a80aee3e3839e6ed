import { LIMITS, type RunDraft } from '#libs/contract';
import { fieldOf, placeOf, refuse, requiredText, type Place } from '../../request-place.js';
import { COMPACTION_TASK } from '../compaction.js';

/** The smallest threshold that the published API accepts. */
const THRESHOLD_MIN = 1_000;

type Bound = Omit<NonNullable<RunDraft['compaction']>, 'task'>;

export interface ContextManagement extends Pick<RunDraft, 'compaction'> {
  /** Types of entries that the gateway does not support. */
  readonly leftOut: readonly string[];
}

/**
 * `context_management`: entries of the type compaction with a threshold in tokens. An entry without a threshold gets
 * the gateway's own. Throws GatewayError that names the place.
 */
export function decodeContextManagement(entries: readonly unknown[]): ContextManagement {
  const leftOut: string[] = [];
  let bound: Bound | undefined;
  entries.forEach((value, i) => {
    const place = placeOf(value, `context_management[${i}]`);
    const type = requiredText(place, 'type');
    if (type === 'compaction') bound = boundOf(place);
    else leftOut.push(type);
  });
  return { ...(bound && { compaction: { ...bound, task: COMPACTION_TASK } }), leftOut };
}

function boundOf(place: Place): Bound {
  const threshold = fieldOf(place, 'compact_threshold');
  if (threshold === undefined) return { above: LIMITS.compactionTokensDefault, share: LIMITS.compactionShareDefault };
  const isFine = typeof threshold === 'number' && Number.isSafeInteger(threshold) && threshold >= THRESHOLD_MIN;
  if (isFine) return { above: threshold };
  throw refuse(`${place.path}.compact_threshold`, `must be an integer of at least ${THRESHOLD_MIN}.`);
}
