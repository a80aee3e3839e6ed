import { hasEnded, pendingCalls, type JsonObject, type NotedEvent, type RunSnapshot } from '#libs/contract';
import { NAME as RESPONSES } from '../openai-responses/request/decode.js';
import { responseIdOf } from '../openai-responses/ids.js';
import { runError, runUsage, seconds, limitFields } from '../runs/run-facts.js';

/**
 * What webhooks may be told of a run: its end, and each request for approval that is open. Bodies have the form of
 * Standard Webhooks (`type`, `timestamp`, `data`) and of OpenAI's events (`id`, `object`, `created_at`). They say that
 * something happened and never what was said: who is told asks for the run.
 */
export function webhookEvents(run: RunSnapshot): NotedEvent[] {
  if (!hasEnded(run)) return pendingCalls(run).map((call) => waiting(run, call));
  const { status, endedAt = run.updatedAt, protocol } = run;
  const ended = noted(run, `run.${status}` as NotedEvent['event'], { at: endedAt, part: '', data: endFacts(run) });
  if (protocol !== RESPONSES) return [ended];
  const data = { id: responseIdOf(run.runId), run_id: run.runId };
  return [ended, noted(run, `response.${status}` as NotedEvent['event'], { at: endedAt, part: '', data })];
}

function waiting(run: RunSnapshot, { callId, name, approval }: ReturnType<typeof pendingCalls>[number]): NotedEvent {
  const { approvalId, requestedAt, expiresAt, ask } = approval;
  const request = {
    request_id: approvalId,
    call_id: callId,
    tool: name,
    kind: ask ? 'question' : 'approval',
    requested_at: seconds(requestedAt),
    expires_at: seconds(expiresAt),
  };
  const data = { ...facts(run), status: 'waiting_for_approval', approval: request };
  return noted(run, 'run.waiting_for_approval', { at: requestedAt, part: approvalId, data });
}

interface What {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly part: string;
  readonly data: JsonObject;
}

function noted({ owner, runId }: RunSnapshot, event: NotedEvent['event'], { at, part, data }: What): NotedEvent {
  const id = ['evt', runId.replace(/^run_/, ''), event.replaceAll('.', '_'), ...(part === '' ? [] : [part])].join('_');
  const head = { id, object: 'event', type: event, created_at: Math.floor(at / 1_000) };
  const body = JSON.stringify({ ...head, timestamp: new Date(at).toISOString(), data });
  return { owner, runId, event, part, body };
}

function facts(run: RunSnapshot): JsonObject {
  const { runId, status, model, protocol, sessionId, jobId, parentId, createdAt, metadata = {} } = run;
  return {
    id: runId,
    run_id: runId,
    status,
    model,
    protocol,
    session_id: sessionId ?? null,
    job_id: jobId ?? null,
    parent_run_id: parentId ?? null,
    created_at: seconds(createdAt),
    metadata,
  };
}

function endFacts(run: RunSnapshot): JsonObject {
  const { endedAt = run.updatedAt, incompleteReason, cancelReason, finishReason, usage, error, limit } = run;
  return {
    ...facts(run),
    ended_at: seconds(endedAt),
    finish_reason: finishReason ?? null,
    reason: incompleteReason ?? cancelReason ?? null,
    ...(limit && { limit_reached: { ...limitFields(limit) } }),
    usage: { ...runUsage(usage) },
    error: error ? { ...runError(error) } : null,
  };
}
