import type { RunSnapshot, ToolCallItem } from '#libs/contract';

/** The calls of one step, in the order in which the model made them. */
export function callsOf(snapshot: RunSnapshot, step: number): ToolCallItem[] {
  return snapshot.items.filter((item): item is ToolCallItem => item.type === 'tool_call' && item.step === step);
}
