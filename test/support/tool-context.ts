import type { ToolContext } from '#libs/contract';

/** The context of a call that nobody cancels. */
export function toolContext(fields: Partial<ToolContext> = {}): ToolContext {
  return {
    runId: 'run_test',
    owner: 'alice',
    callId: 'call_test',
    signal: new AbortController().signal,
    keep: async () => undefined,
    progress: () => undefined,
    ...fields,
  };
}
