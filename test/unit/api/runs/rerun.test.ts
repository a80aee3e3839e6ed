import { foldAll, GatewayError, inputOf, LIMITS, type LoggedEvent, type RunSpec, type Turn } from '#libs/contract';
import { Rerun } from '../../../../apps/api/src/runs-api/rerun.js';
import { runSpec } from '../../../support/run-spec.js';

/** A run of two steps: a call that the gateway answered, then the answer. */
const RUN = `run_${'1b'.repeat(16)}`;
const usage = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 };
const call = { step: 1, callId: 'c1', name: 'clock' } as const;
const events = (
  [
    { type: 'run.queued', runId: RUN, protocol: 'openai-chat', owner: 'alice', model: 'demo', echo: {} },
    { type: 'run.started', attempt: 1, worker: 'w' },
    { type: 'run.steered', text: 'Quickly.' },
    { type: 'step.started', step: 1, model: 'm', upstream: 'u' },
    { type: 'tool_call.started', ...call, executedBy: 'server' },
    { type: 'tool_call.ready', ...call, arguments: '{}', executedBy: 'server' },
    { type: 'tool.started', ...call },
    { type: 'tool.completed', ...call, output: '12:00', isError: false, durationMs: 1 },
    { type: 'step.completed', step: 1, finishReason: 'tool_calls', usage },
    { type: 'step.started', step: 2, model: 'm', upstream: 'u' },
    { type: 'text.delta', step: 2, text: 'Noon.' },
    { type: 'step.completed', step: 2, finishReason: 'stop', usage },
    { type: 'run.completed', finishReason: 'stop' },
  ] as const
).map((event, i) => ({ ...event, seq: i + 1, at: i }) as LoggedEvent);
const snapshot = foldAll(events);
const spec: RunSpec = {
  ...runSpec(),
  runId: RUN,
  owner: 'alice',
  messages: [{ role: 'user', content: 'What time is it?' }],
  instructions: 'Be brief.',
  tools: [{ name: 'lamp' }],
  toolChoice: { kind: 'required' },
  sampling: { temperature: 0.5 },
};

interface There {
  readonly spec?: RunSpec;
  readonly turn?: Turn;
  readonly snapshot?: typeof snapshot;
}

function rerun(there: There): Rerun {
  const parts = {
    runs: { get: async () => there.snapshot ?? snapshot },
    models: { resolve: async (name: string | null) => name ?? 'default' },
    history: { turn: async () => there.turn },
    log: { spec: async () => there.spec },
  };
  return new Rerun(parts as unknown as ConstructorParameters<typeof Rerun>[0]);
}

const draftOf = async (steps: number, there: There = { spec }, model?: string) =>
  (await rerun(there).draftOf({ runId: RUN, steps, ...(model !== undefined && { model }) }, 'alice')).draft;

test('from its beginning it is asked the same, in no session', async () => {
  const draft = await draftOf(0);
  expect(draft).toMatchObject({
    model: 'demo',
    messages: spec.messages,
    instructions: 'Be brief.',
    tools: [{ name: 'lamp' }],
    toolChoice: { kind: 'required' },
    sampling: { temperature: 0.5 },
    echo: { rerun_of: { run_id: RUN, steps: 0 } },
  });
  expect(draft.sessionId).toBeUndefined();
});

test('behind a step the model knows what was said and done in it, and is forced to nothing', async () => {
  const { messages, toolChoice, model } = await draftOf(1, { spec }, 'other');
  expect(messages).toEqual([
    ...spec.messages,
    { role: 'user', content: 'Quickly.' },
    { role: 'assistant', text: '', toolCalls: [{ callId: 'c1', name: 'clock', arguments: '{}' }] },
    { role: 'tool', callId: 'c1', output: '12:00' },
  ]);
  expect([toolChoice, model]).toEqual([{ kind: 'auto' }, 'other']);
});

test.each([2, 3])('%i steps: nothing can follow them', async (steps) => {
  await expect(draftOf(steps)).rejects.toMatchObject({ code: 'invalid_request', param: 'steps' });
});

test('what was asked comes from the store, once Redis has it no more', async () => {
  const turn: Turn = { runId: RUN, owner: 'alice', snapshot, input: inputOf(spec) };
  expect(await draftOf(1, { turn })).toEqual(await draftOf(1));
});

test('a run that is not to be stored is not run again, neither from its log nor without its content', async () => {
  await expect(draftOf(0, { spec: { ...spec, retain: false } })).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('store: false'),
  });
  const gone = { ...snapshot, contentKept: false } as const;
  await expect(draftOf(0, { snapshot: gone })).rejects.toMatchObject({
    code: 'run_expired',
    message: expect.stringContaining('store: false'),
  });
});

test('it is executed in the same manner', async () => {
  const manner = {
    approvals: 'deny',
    truncation: 'disabled',
    toolCallsMax: 3,
    compaction: { above: 100, task: { role: 'user', content: 'Sum up.' } },
    compacts: true,
    generate: false,
  } as const;
  const asked = { ...spec, ...manner };
  expect(await draftOf(0, { spec: asked })).toMatchObject(manner);
  const turn: Turn = { runId: RUN, owner: 'alice', snapshot, input: inputOf(asked) };
  expect(await draftOf(0, { turn })).toMatchObject(manner);
});

test('what was too much to keep is not there, and nothing else is asked instead', async () => {
  const description = 'x'.repeat(LIMITS.askedMannerCharsMax);
  const input = inputOf({ ...spec, tools: [{ name: 'lamp', description }] });
  expect(input.manner).toBeUndefined();
  const asked = draftOf(0, { turn: { runId: RUN, owner: 'alice', snapshot, input } });
  await expect(asked).rejects.toBeInstanceOf(GatewayError);
  await expect(asked).rejects.toMatchObject({ code: 'run_expired' });
});

test('it keeps the bound of its own cost, from the order and from what is stored, and not that of its session', async () => {
  const bounded: RunSpec = { ...spec, spend: { run: 2, session: 5, job: 9 } };
  expect((await draftOf(0, { spec: bounded })).spend).toEqual({ run: 2 });
  const turn: Turn = { runId: RUN, owner: 'alice', input: inputOf(bounded), snapshot };
  expect((await draftOf(0, { turn })).spend).toEqual({ run: 2 });
  expect(await draftOf(0, { spec: { ...spec, spend: { session: 5 } } })).not.toHaveProperty('spend');
});
