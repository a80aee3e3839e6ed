import { RUN_SPEC_VERSION, type RunSpec } from '#libs/contract';
import { newRunId } from '#libs/runs';

/** A small run spec; what matters to the test is passed in. */
export function runSpec(fields: Partial<RunSpec> = {}): RunSpec {
  return {
    version: RUN_SPEC_VERSION,
    runId: newRunId(),
    owner: 'alice',
    protocol: 'openai-chat',
    model: 'demo',
    messages: [{ role: 'user', content: 'Hello' }],
    tools: [],
    toolChoice: { kind: 'auto' },
    sampling: {},
    onDisconnect: 'cancel',
    stream: true,
    echo: { includeUsage: false },
    createdAt: Date.now(),
    instance: 'test-instance',
    ...fields,
  };
}
