import { api } from '../api/calls.js';
import { runs } from '../run-view/run-store.js';
import { isOver } from '../run-view/run-view.js';
import { listen } from './listen.js';

interface Following {
  readonly stop: () => void;
  count: number;
}

const followed = new Map<string, Following>();

/** Keeps the view of a run up to date until the returned function is called; a run that has ended costs nothing. */
export function follow(runId: string): () => void {
  const view = runs.cell(runId).get();
  if (isOver(view) && view.isPartial !== true) return () => undefined;
  const following = followed.get(runId) ?? { stop: begin(runId, view.lastSeq), count: 0 };
  followed.set(runId, following);
  following.count++;
  let isOn = true;
  return () => {
    if (!isOn) return;
    isOn = false;
    following.count--;
    if (following.count > 0) return;
    following.stop();
    if (followed.get(runId) === following) followed.delete(runId);
  };
}

function begin(runId: string, after: number): () => void {
  return listen(runId, after, (frames) => {
    const view = runs.apply(runId, frames);
    if (!isOver(view)) return;
    followed.delete(runId);
    // Only its end was left of the log: what it said is in the run itself.
    if (view.isPartial === true)
      void api.run(runId).then(
        (run) => runs.learn(run),
        () => undefined,
      );
  });
}
