import { useSyncExternalStore } from 'react';
import { runs } from './run-store.js';
import type { RunView } from './run-view.js';

/** The view of a run, and a rendering for every frame in which it changed. */
export function useRun(runId: string): RunView {
  const cell = runs.cell(runId);
  return useSyncExternalStore(cell.subscribe, cell.get);
}
