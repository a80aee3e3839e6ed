import type { RunFrame, RunObject, TurnObject } from '#libs/wire';
import { emptyView, foldFrame, viewOf, type RunView } from './run-view.js';

/** Views that nobody looks at are kept up to this number: going back to a session shows it at once. */
const VIEWS_MAX = 500;

/**
 * One run's view and who looks at it. Events are folded as they come, and told once per frame of the screen: a hundred
 * tokens between two frames are one rendering. A hidden page is told when it is seen again.
 */
class RunCell {
  private readonly listeners = new Set<() => void>();
  private isDirty = false;

  constructor(private view: RunView) {}

  readonly get = (): RunView => this.view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get isWatched(): boolean {
    return this.listeners.size > 0;
  }

  set(view: RunView): void {
    if (view === this.view) return;
    this.view = view;
    if (this.isDirty) return;
    this.isDirty = true;
    nextFrame(() => {
      this.isDirty = false;
      for (const listener of this.listeners) listener();
    });
  }
}

/** The runs that this page knows, each once, whichever part of the page shows it. */
export class RunStore {
  private readonly cells = new Map<string, RunCell>();

  cell(runId: string): RunCell {
    const known = this.cells.get(runId);
    if (known) return known;
    const cell = new RunCell(emptyView(runId));
    this.cells.set(runId, cell);
    if (this.cells.size > VIEWS_MAX) this.forgetOldest();
    return cell;
  }

  /** What the API says of a run; what is known already is not put back. */
  learn(run: RunObject | TurnObject): RunView {
    const cell = this.cell(run.run_id);
    const { lastSeq, isPartial } = cell.get();
    if (isPartial === true || run.last_event.seq >= lastSeq) cell.set(viewOf(run));
    return cell.get();
  }

  apply(runId: string, frames: readonly RunFrame[]): RunView {
    const cell = this.cell(runId);
    cell.set(frames.reduce(foldFrame, cell.get()));
    return cell.get();
  }

  forgetAll(): void {
    this.cells.clear();
  }

  private forgetOldest(): void {
    for (const [runId, cell] of this.cells) {
      if (cell.isWatched) continue;
      this.cells.delete(runId);
      return;
    }
  }
}

export const runs = new RunStore();

const waiting = new Set<() => void>();
let isAsked = false;

function nextFrame(work: () => void): void {
  waiting.add(work);
  if (isAsked || document.hidden) return;
  isAsked = true;
  requestAnimationFrame(runWaiting);
}

function runWaiting(): void {
  isAsked = false;
  const works = [...waiting];
  waiting.clear();
  for (const work of works) work();
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) runWaiting();
});
