import type { RunView } from '../run-view/run-view.js';

/**
 * Numbers of the steps that a run can be repeated from: the first one, and each behind a whole step whose calls the
 * gateway has answered. They count completed steps: one that was lost with its worker, or did not end, is not repeated,
 * even where a call in it was answered.
 */
export function stepsToRepeat({ items, completedSteps }: Pick<RunView, 'items' | 'completedSteps'>): readonly number[] {
  const goesOn = (step: number): boolean => {
    const calls = items.filter((item) => item.step === step && item.type === 'tool_call');
    return calls.length > 0 && calls.every((call) => 'output' in call && isAnswered(call));
  };
  return [1, ...completedSteps.flatMap((step, i) => (goesOn(step) ? [i + 2] : []))];
}

const isAnswered = ({ executed_by, output }: { executed_by: string; output: string | null }): boolean =>
  executed_by === 'server' && output !== null;
