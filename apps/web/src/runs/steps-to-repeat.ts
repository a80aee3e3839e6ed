import type { ItemView } from '../run-view/run-view.js';

/**
 * Numbers of the steps that a run can be repeated from: the first one, and each behind a whole step whose calls the
 * gateway has answered. They count whole steps: those that were lost with their worker are not repeated.
 */
export function stepsToRepeat(items: readonly ItemView[]): readonly number[] {
  const whole = items.filter(({ status }) => status === 'completed');
  const steps = [...new Set(whole.map(({ step }) => step))].sort((a, b) => a - b);
  const goesOn = (step: number): boolean => {
    const calls = whole.filter((item) => item.step === step && item.type === 'tool_call');
    return calls.length > 0 && calls.every((call) => 'output' in call && isAnswered(call));
  };
  return [1, ...steps.flatMap((step, i) => (goesOn(step) ? [i + 2] : []))];
}

const isAnswered = ({ executed_by, output }: { executed_by: string; output: string | null }): boolean =>
  executed_by === 'server' && output !== null;
