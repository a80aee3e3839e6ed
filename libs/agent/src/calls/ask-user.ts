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
    return { output: `The tool asks the user more than can be asked. ${whatItDid(run, callId)}`, isError: true };
  }
  const request = await run.ports.approvals.open(secondsMax);
  if (!request) {
    const output = `The user cannot be asked now: too many questions wait. ${whatItDid(run, callId)}`;
    return { output, isError: true };
  }
  const ask = { questions, state };
  await run.book.emit({ type: 'approval.requested', step, callId, ...request, name, arguments: text, ask });
  return undefined;
}

/** A call that was answered with a handle has begun: its task may go on without the answers. */
function whatItDid({ book }: AgentRun, callId: string): string {
  const has = book.snapshot().items.some((item) => item.type === 'tool_call' && item.callId === callId && item.handle);
  return has ? 'What it has done so far is unknown; check before you call it again.' : 'It has done nothing yet.';
}
