import {
  costOf,
  hasEnded,
  isJsonObject,
  outputText,
  type OutputItem,
  type PriceTable,
  type RunSnapshot,
} from '#libs/contract';
import type { RunItem, RunObject } from '#libs/wire';
import { approvalObjects } from './approval-object.js';
import { EVENT_NAMES } from './event-names.js';
import { servedFields } from './served-fields.js';
import { limitFields, runError, runUsage, seconds, spendFields } from './run-facts.js';

/**
 * The body of GET /v1/runs/{id}: everything known about the run now. Times are seconds with a fraction. With prices it
 * says what the run has cost so far.
 */
export function runObject(snapshot: RunSnapshot, prices?: PriceTable): RunObject {
  const { runId, status, model, protocol, createdAt, startedAt, updatedAt, endedAt, attempt } = snapshot;
  const approvals = approvalObjects(snapshot);
  return {
    object: 'hermes.run',
    run_id: runId,
    status,
    model,
    protocol,
    session_id: snapshot.sessionId ?? null,
    job_id: snapshot.jobId ?? null,
    parent_run_id: snapshot.parentId ?? null,
    created_at: seconds(createdAt),
    started_at: startedAt === undefined ? null : seconds(startedAt),
    updated_at: seconds(updatedAt),
    ended_at: endedAt === undefined ? null : seconds(endedAt),
    attempt,
    last_event: lastEvent(snapshot),
    output: outputText(snapshot),
    items: snapshot.items.map((item) => itemObject(item, hasEnded(snapshot))),
    usage: runUsage(snapshot.usage),
    ...costIn(snapshot, prices),
    ...contextOf(snapshot),
    ...servedFields(snapshot),
    finish_reason: snapshot.finishReason ?? null,
    reason: snapshot.incompleteReason ?? snapshot.cancelReason ?? null,
    ...spendOf(snapshot),
    approval: approvals[0] ?? null,
    approvals,
    pending_steer: snapshot.leftover?.join('\n') ?? null,
    error: snapshot.error ? runError(snapshot.error) : null,
    metadata: snapshot.metadata ?? {},
    ...rerunOf(snapshot),
    ...(snapshot.contentKept === false && { content_kept: false }),
  };
}

function spendOf({ spend, limit }: RunSnapshot): Partial<RunObject> {
  return { ...spendFields(spend), ...(limit && { limit_reached: limitFields(limit) }) };
}

function costIn(snapshot: RunSnapshot, prices: PriceTable | undefined): Pick<RunObject, 'cost'> {
  return prices ? { cost: costOf(snapshot, prices) ?? null } : {};
}

function contextOf({ steps }: RunSnapshot): Pick<RunObject, 'context_tokens'> {
  const { usage } = steps.findLast((step) => step.usage !== undefined) ?? {};
  return usage ? { context_tokens: usage.inputTokens + usage.outputTokens } : {};
}

/** Under this name a run that continues steps of another one says so in its `echo`: `{run_id, steps}`. */
export const RERUN = 'rerun_of';

function rerunOf({ protocol, echo }: RunSnapshot): Pick<RunObject, 'rerun_of'> {
  const of = protocol === 'runs' ? echo[RERUN] : undefined;
  return isJsonObject(of) ? { rerun_of: { run_id: String(of['run_id']), steps: Number(of['steps']) } } : {};
}

/** Of rows without the type of their last event, those of ended runs still tell it: the status is its name. */
function lastEvent(snapshot: RunSnapshot): RunObject['last_event'] {
  const { lastType, lastSeq, status } = snapshot;
  const ended = hasEnded(snapshot) ? `run.${status}` : null;
  return { type: lastType ? EVENT_NAMES[lastType] : ended, seq: lastSeq };
}

function itemObject(item: OutputItem, isOver: boolean): RunItem {
  const { step } = item;
  // No item is in progress in a run that has ended, so such an item was broken off.
  const status = isOver && item.status === 'in_progress' ? 'incomplete' : item.status;
  if (item.type !== 'tool_call') {
    const image = item.image !== undefined && { image: item.image };
    return { type: item.type === 'text' ? 'message' : item.type, step, status, text: item.text, ...image };
  }
  return {
    type: 'tool_call',
    step,
    // The step is complete, the call is not: the model was cut off within its arguments.
    status: status === 'completed' && !item.ready ? 'incomplete' : status,
    call_id: item.callId,
    name: item.name,
    arguments: item.arguments,
    executed_by: item.executedBy,
    ...(item.approval?.decision && { approval: { choice: item.approval.decision, by: item.approval.by ?? null } }),
    output: item.output ?? null,
    is_error: item.isError ?? null,
    duration: item.durationMs === undefined ? null : item.durationMs / 1_000,
  };
}
