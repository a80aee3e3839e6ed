import { outputText, type JsonObject, type RunSnapshot } from '#libs/contract';
import { packInnerSummary, packSummary } from '../compaction.js';
import { itemIdOf } from '../ids.js';

/**
 * The only item of a response that compacts its conversation. There is none unless the summary is complete: half a
 * summary would silently lose the other half of the conversation.
 */
export function compactionOutput(snapshot: RunSnapshot): JsonObject[] {
  const summary = wholeSummary(snapshot);
  if (summary === undefined) return [];
  const id = itemIdOf('compaction', snapshot.runId, 'o', 0);
  return [{ id, type: 'compaction', encrypted_content: packSummary(summary) }];
}

/**
 * A summary in the middle of a response, which replaces what came before it. @param index of it among the run's items.
 */
export function innerCompactionItem(runId: string, index: number, summary: string): JsonObject {
  const id = itemIdOf('compaction', runId, 'o', index);
  return { id, type: 'compaction', encrypted_content: packInnerSummary(summary) };
}

/** A run that ended without any text made no summary, which is a failure for the client that asked for one. */
export function toldCompaction(snapshot: RunSnapshot): RunSnapshot {
  if (!snapshot.compacts || snapshot.status !== 'completed' || wholeSummary(snapshot) !== undefined) return snapshot;
  return { ...snapshot, status: 'failed', error: { code: 'upstream_invalid', message: 'The model gave no summary.' } };
}

function wholeSummary(snapshot: RunSnapshot): string | undefined {
  if (snapshot.status !== 'completed') return undefined;
  const summary = outputText(snapshot).trim();
  return summary === '' ? undefined : summary;
}
