import type { Citation } from './citation.js';
import type { OutputItem } from './output-item.js';
import { joinedText, STEP_SEPARATOR } from './run-snapshot.js';

/**
 * Where the next words of this step begin in the run's visible text.
 * @param items all items before these words.
 */
export function textStart(items: readonly OutputItem[], step: number): number {
  // While a step speaks it is not known whether the step will be interrupted.
  const valid = items.filter((item) => item.step === step || item.status !== 'interrupted');
  const before = joinedText(valid, 'text').length;
  const last = valid.findLast((item) => item.type === 'text' && item.text !== '');
  return before + (last && last.step !== step ? STEP_SEPARATOR.length : 0);
}

/** The same citation with positions that count from a point `by` characters earlier. */
export function movedCitation(citation: Citation, by: number): Citation {
  return { ...citation, start: Math.max(0, citation.start + by), end: Math.max(0, citation.end + by) };
}
