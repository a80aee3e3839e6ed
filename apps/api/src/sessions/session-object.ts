import type { SessionRecord, TurnState } from '#libs/contract';
import type { SessionObject, TurnFacts } from '#libs/wire';

/**
 * A session as clients see it. Times are seconds with a fraction, as in run objects; `cost` has no currency of its own.
 */
export function sessionObject(record: SessionRecord): SessionObject {
  const {
    sessionId,
    title,
    lastRunId = null,
    shownRunId = lastRunId,
    createdAt,
    updatedAt,
    forkedFrom,
    totals,
  } = record;
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = totals;
  return {
    object: 'hermes.session',
    id: sessionId,
    title,
    created_at: createdAt / 1_000,
    updated_at: updatedAt / 1_000,
    last_run_id: shownRunId,
    parent_session_id: forkedFrom?.sessionId ?? null,
    forked_from_run_id: forkedFrom?.runId ?? null,
    runs: totals.runs,
    usage: {
      input_tokens: inputTokens,
      output_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
      input_tokens_details: { cached_tokens: cachedInputTokens },
      output_tokens_details: { reasoning_tokens: reasoningTokens },
    },
    cost: totals.cost,
  };
}

/** The session's present activity. */
export function turnFacts({ active, waiting }: TurnState): TurnFacts {
  return {
    status: active === undefined ? 'idle' : 'busy',
    active_run_id: active ?? null,
    waiting_turns: waiting.length,
  };
}

const NO_TOTALS = { runs: 0, inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0, cost: null };

/** A session whose first turn has not ended, so the store does not know it yet. */
export function youngSession(
  owner: string,
  sessionId: string,
  last: { runId: string; createdAt: number },
): SessionRecord {
  const { runId, createdAt } = last;
  const times = { lastRunAt: createdAt, createdAt, updatedAt: createdAt };
  return { owner, sessionId, title: null, lastRunId: runId, ...times, totals: NO_TOTALS };
}
