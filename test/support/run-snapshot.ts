import { EMPTY_SNAPSHOT, type RunSnapshot } from '#libs/contract';
import { newRunId } from '#libs/runs';

/** A finished run with a short answer; what matters to the test is passed in. */
export function runSnapshot(fields: Partial<RunSnapshot> = {}): RunSnapshot {
  const createdAt = fields.createdAt ?? 1_790_000_000_000;
  return {
    ...EMPTY_SNAPSHOT,
    runId: newRunId(),
    protocol: 'openai-chat',
    owner: 'alice',
    model: 'demo',
    echo: { includeUsage: false },
    status: 'completed',
    attempt: 1,
    lastSeq: 5,
    createdAt,
    startedAt: createdAt + 1,
    updatedAt: createdAt + 9,
    endedAt: createdAt + 9,
    steps: [{ step: 1, status: 'completed', model: 'demo', upstream: 'demo', finishReason: 'stop', usage }],
    items: [{ type: 'text', step: 1, status: 'completed', text: 'Hello there' }],
    usage,
    finishReason: 'stop',
    ...fields,
  };
}

const usage = { inputTokens: 7, outputTokens: 2, cachedInputTokens: 0, reasoningTokens: 0 };
