import type { ModelEvent } from '#libs/contract';
import type { AgentRun } from './agent-run.js';
import { startingWith, type ModelStream } from './open-model-stream.js';
import { compareWithShown, type ShownStep } from './repeated-text.js';

/** The step that an answer belongs to, and what is left of the answer for it. */
export interface PlacedAnswer {
  readonly step: number;
  /** `step.started` has been emitted, by a worker that was lost. */
  readonly isOpen: boolean;
  readonly stream: ModelStream;
}

/** The number of the step after all that were begun. */
const nextStep = ({ book }: AgentRun): number => (book.snapshot().steps.at(-1)?.step ?? 0) + 1;

/**
 * An answer belongs to the step that a lost worker left open if it repeats what was shown of it, and from there on goes
 * on seamlessly; else to a new one, and the open one is closed.
 */
export async function placeAnswer(
  run: AgentRun,
  stream: ModelStream,
  shown: ShownStep | undefined,
): Promise<PlacedAnswer> {
  if (!shown) return { step: nextStep(run), isOpen: false, stream };
  const answer: AsyncIterator<ModelEvent> = stream.events[Symbol.asyncIterator]();
  const { repeats, events } = await compareWithShown(shown, stream.candidate, answer);
  const rest = { ...stream, events: startingWith(events, answer) };
  if (repeats) return { step: shown.step, isOpen: true, stream: rest };
  await run.book.emit({ type: 'step.interrupted', step: shown.step, reason: 'worker_lost' });
  return { step: nextStep(run), isOpen: false, stream: rest };
}
