import { hasEnded, type PriceTable, type RunSnapshot } from '#libs/contract';
import type { RunObject, RunSummary } from '#libs/wire';
import { runObject } from './run-object.js';

/** A run in a list: its facts and its status. The run itself has its output and usage. */
export function runSummary(snapshot: RunSnapshot, prices?: PriceTable): RunSummary {
  const run = runObject(snapshot, prices);
  return {
    object: run.object,
    run_id: run.run_id,
    status: run.status,
    model: run.model,
    protocol: run.protocol,
    session_id: run.session_id,
    job_id: run.job_id,
    parent_run_id: run.parent_run_id,
    created_at: run.created_at,
    updated_at: run.updated_at,
    ended_at: run.ended_at,
    last_event: run.last_event,
    finish_reason: run.finish_reason,
    reason: run.reason,
    error: run.error,
    metadata: run.metadata,
    attempt: run.attempt,
    ...(run.content_kept === false && { content_kept: false }),
    ...(hasUsage(snapshot) && { usage: run.usage, ...servedOf(run) }),
  };
}

function servedOf({ served_by, latency, cost }: RunObject): Pick<RunSummary, 'served_by' | 'latency' | 'cost'> {
  return {
    ...(cost !== undefined && { cost }),
    ...(served_by !== undefined && { served_by }),
    ...(latency && { latency }),
  };
}

/** Of a run that is still in Redis only its first and its last event are known. */
const hasUsage = (snapshot: RunSnapshot): boolean => hasEnded(snapshot) && snapshot.usage.inputTokens > 0;
