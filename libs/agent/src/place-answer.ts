import type { ModelEvent } from '#libs/contract';
import type { AgentRun } from './agent-run.js';
import { startingWith, type ModelStream } from './open-model-stream.js';
import { compareWithShown, type ShownStep } from './repeated-text.js';

/** The step that an answer belongs to, and the rest of the answer that belongs into it. */
export interface PlacedAnswer {
  readonly step: number;
  /** A worker that was lost has already emitted `step.started`. */
  readonly isOpen: boolean;
  readonly stream: ModelStream;
}

/** The number after that of the last step that began. */
const nextStep = ({ book }: AgentRun): number => (book.snapshot().steps.at(-1)?.step ?? 0) + 1;

/**
 * Finds the step for an answer. If the answer repeats what listeners saw of the step that a lost worker left open, it
 * continues that step seamlessly. Otherwise the open step is closed and the answer gets a new one.
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
