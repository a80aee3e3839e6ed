import { outputText, type JsonObject, type RunSnapshot } from '#libs/contract';
import { packInnerSummary, packSummary } from '../compaction.js';
import { itemIdOf } from '../ids.js';

/**
 * The one item of a response that compacts its conversation. None unless the summary is whole: half of one would lose
 * the other half of a conversation without a word.
 */
export function compactionOutput(snapshot: RunSnapshot): JsonObject[] {
  const summary = wholeSummary(snapshot);
  if (summary === undefined) return [];
  const id = itemIdOf('compaction', snapshot.runId, 'o', 0);
  return [{ id, type: 'compaction', encrypted_content: packSummary(summary) }];
}

/** A summary on the way of a response, in place of what came before it. @param index of it among the run's items. */
export function innerCompactionItem(runId: string, index: number, summary: string): JsonObject {
  const id = itemIdOf('compaction', runId, 'o', index);
  return { id, type: 'compaction', encrypted_content: packInnerSummary(summary) };
}

/** A run that ended well without a word made no summary, which is a failure for whoever asked for one. */
export function toldCompaction(snapshot: RunSnapshot): RunSnapshot {
  if (!snapshot.compacts || snapshot.status !== 'completed' || wholeSummary(snapshot) !== undefined) return snapshot;
  return { ...snapshot, status: 'failed', error: { code: 'upstream_invalid', message: 'The model gave no summary.' } };
}

function wholeSummary(snapshot: RunSnapshot): string | undefined {
  if (snapshot.status !== 'completed') return undefined;
  const summary = outputText(snapshot).trim();
  return summary === '' ? undefined : summary;
}
