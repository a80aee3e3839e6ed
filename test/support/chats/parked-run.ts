import type { JsonObject, RunSnapshot } from '#libs/contract';
import { runSnapshot } from '../run-snapshot.js';

/** A run that waits for its user: may a call be made, or what is the answer to this question. */
export function parkedRun(question?: {
  readonly message: string;
  readonly schema?: JsonObject;
  readonly url?: string;
}): RunSnapshot {
  const ask = question && { questions: [{ id: 'q', schema: {}, ...question }], state: {} };
  return runSnapshot({
    status: 'waiting_for_approval',
    items: [
      {
        type: 'tool_call',
        step: 1,
        status: 'in_progress',
        callId: 'c1',
        name: 'shell',
        arguments: '{}',
        executedBy: 'server',
        ready: true,
        dispatched: false,
        approval: { approvalId: 'ap1', requestedAt: 1, expiresAt: 2, ...(ask && { ask }) },
      },
    ],
  });
}
