import type { Approval, ToolCallItem } from '#libs/contract';
import type { AgentRun } from '../agent-run.js';
import { decide } from './decide-call.js';
import { callsOf } from './calls-of.js';
import type { ApprovalAnswer } from '../ports.js';

/** The unanswered server calls of a step: those that may be answered now, and the requests on which the others wait. */
export interface SettledCalls {
  readonly ready: readonly ToolCallItem[];
  readonly waiting: readonly Approval[];
  /** Calls whose questions have just been answered. They continue. */
  readonly answered: ReadonlySet<string>;
}

/**
 * Opens a request for every call that needs approval, and collects the answers that have arrived. All requests of a
 * step are opened together, before any call is executed. No second request is opened for a call that was already
 * dispatched, because its effect cannot be undone.
 */
export async function settleApprovals(run: AgentRun, step: number): Promise<SettledCalls> {
  const answered = new Set<string>();
  for (const call of openCalls(run, step)) {
    if (call.approval?.ask && call.approval.decision === undefined) {
      if (await settleQuestion(run, step, call)) answered.add(call.callId);
    } else await settle(run, step, call);
  }
  const calls = openCalls(run, step);
  const isWaiting = ({ approval }: ToolCallItem): boolean => approval !== undefined && approval.decision === undefined;
  return {
    ready: calls.filter((call) => !isWaiting(call)),
    waiting: calls.flatMap((call) => (call.approval && isWaiting(call) ? [call.approval] : [])),
    answered,
  };
}

function openCalls(run: AgentRun, step: number): ToolCallItem[] {
  return callsOf(run.book.snapshot(), step).filter((call) => call.executedBy === 'server' && call.output === undefined);
}

/** Whether the question of a call has an answer. A late answer counts as one. */
async function settleQuestion(run: AgentRun, step: number, call: ToolCallItem): Promise<boolean> {
  const answer = call.approval && (await run.ports.approvals.answerTo(call.approval));
  if (!call.approval || !answer) return false;
  await resolve(run, step, { call, approvalId: call.approval.approvalId, answer });
  return true;
}

async function settle(run: AgentRun, step: number, call: ToolCallItem): Promise<void> {
  const { approvals } = run.ports;
  if (call.ofUpstream) return giveUp(run, step, call);
  if (call.dispatched || call.approval?.decision !== undefined) return;
  const scope = scopeOf(run, call);
  if (call.approval) {
    const answer = await approvals.answerTo(call.approval);
    if (!answer) return;
    // The scope is stored first, because a later attempt does not look at a resolved request again.
    if (scope !== undefined && (answer.decision === 'session' || answer.decision === 'always')) {
      await approvals.remember(scope, answer.decision);
    }
    return resolve(run, step, { call, approvalId: call.approval.approvalId, answer });
  }
  if (scope === undefined) return;
  const decision = await approvals.recall(scope);
  if (decision) return resolve(run, step, { call, approvalId: '', answer: { decision, by: 'policy' } });
  const request = run.spec.approvals === 'deny' ? undefined : await approvals.open();
  if (!request) return resolve(run, step, { call, approvalId: '', answer: { decision: 'deny', by: 'policy' } });
  const { callId, name, arguments: text } = call;
  await run.book.emit({ type: 'approval.requested', step, callId, ...request, name, arguments: text });
}

/** The worker that could have answered the upstream was lost, and what the upstream waits for was lost with it. */
async function giveUp(run: AgentRun, step: number, call: ToolCallItem): Promise<void> {
  if (!call.approval || call.approval.decision !== undefined) return;
  const { approvalId } = call.approval;
  await resolve(run, step, { call, approvalId, answer: { decision: 'deny', by: 'policy' } });
}

/** The scope of a call that would be executed. Any other call has none: the model is told what is wrong with it. */
function scopeOf(run: AgentRun, call: ToolCallItem): string | undefined {
  const decision = decide(run, call);
  return decision.kind === 'execute' ? run.ports.approvals.scopeOf(decision.tool, decision.args) : undefined;
}

interface Resolution {
  readonly call: ToolCallItem;
  /** Empty when no request was opened. */
  readonly approvalId: string;
  readonly answer: ApprovalAnswer;
}

async function resolve(run: AgentRun, step: number, { call, approvalId, answer }: Resolution): Promise<void> {
  await run.book.emit({ type: 'approval.resolved', step, callId: call.callId, approvalId, ...answer });
}
