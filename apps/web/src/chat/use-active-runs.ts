import { useSyncExternalStore } from 'react';
import { runs } from '../run-view/run-store.js';
import { isOver } from '../run-view/run-view.js';
import type { TurnHead } from './sent-turns.js';

/** Ids of the turns that have not ended, oldest first, as one text: it changes only when a run begins or ends. */
export function useActiveRuns(turns: readonly TurnHead[]): readonly string[] {
  const latest = turns.slice(-LOOKED_AT);
  const subscribe = (listener: () => void): (() => void) => {
    const ends = latest.map(({ runId }) => runs.cell(runId).subscribe(listener));
    return () => ends.forEach((end) => end());
  };
  const text = useSyncExternalStore(subscribe, () =>
    latest
      .map(({ runId }) => runId)
      .filter((runId) => !isOver(runs.cell(runId).get()))
      .join(' '),
  );
  return text === '' ? [] : text.split(' ');
}

/** A session has one turn at a time and few that wait: those that go on are among the last. */
const LOOKED_AT = 20;
