import { LIMITS, type ToolCallItem, type ToolQuestions, type ToolResult } from '#libs/contract';
import type { AgentRun } from '../agent-run.js';

interface Asking {
  readonly step: number;
  readonly call: ToolCallItem;
  readonly asks: ToolQuestions & { readonly secondsMax?: number };
}

/** Asks the user the questions of a call. When nobody can be asked, returns the text for the model instead. */
export async function askUser(run: AgentRun, { step, call, asks }: Asking): Promise<ToolResult | undefined> {
  const { callId, name, arguments: text } = call;
  const { secondsMax, questions, state } = asks;
  if (JSON.stringify({ questions, state }).length > LIMITS.questionsCharsMax) {
    return { output: 'The tool asks the user more than can be asked. It has done nothing yet.', isError: true };
  }
  const request = await run.ports.approvals.open(secondsMax);
  if (!request) {
    return { output: 'The user cannot be asked now: too many questions wait. It has done nothing yet.', isError: true };
  }
  const ask = { questions, state };
  await run.book.emit({ type: 'approval.requested', step, callId, ...request, name, arguments: text, ask });
  return undefined;
}
