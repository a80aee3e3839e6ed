import type { AgentPorts } from '#libs/agent';
import { foldAll, type LoggedEvent, type ModelEvent, type Tool, type ToolContext } from '#libs/contract';
import { attempt, checkHistory, queued, says, scriptedProvider, type Attempt } from '../../support/agent-lab.js';
import { checkLog } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';

/** Calls that go on elsewhere, under a handle that the run's log keeps. */
function scene(execute: Tool['execute']) {
  const tool: Tool = {
    name: 'work',
    description: 'works',
    parameters: { type: 'object' },
    idempotent: false,
    approval: 'never',
    execute,
  };
  const provider = scriptedProvider(({ messages }): ModelEvent[] => {
    checkHistory(messages);
    if (messages.some((message) => message.role === 'tool')) return [says.text('done'), says.end()];
    return [...says.call('call_0', 'work', '{}'), says.end('tool_calls')];
  });
  const spec = runSpec();
  const go = (log: LoggedEvent[] = [queued(spec)], tools = [tool], ports: Partial<AgentPorts> = {}): Promise<Attempt> =>
    attempt({ spec, provider, tools, ports }, log);
  return { go };
}

const outputs = (log: readonly LoggedEvent[]): string[] =>
  log.flatMap((event) => (event.type === 'tool.completed' ? [event.output] : []));
const callIn = (log: readonly LoggedEvent[]) => foldAll(log).items.find((item) => item.type === 'tool_call');
const lastKept = (log: readonly LoggedEvent[]): number =>
  log.findIndex((event) => event.type === 'tool.progress' && event.handle !== undefined) + 1;

test('a handle is in the log before the tool goes on, until the call has its result', async () => {
  const it = scene(async (_args, { keep }) => {
    await keep({ id: 7 }, 'begun');
    return { output: 'made' };
  });
  const { log, end } = await it.go();
  expect(end).toMatchObject({ type: 'run.completed' });
  expect(checkLog(log)).toEqual([]);
  const cut = log.slice(0, lastKept(log));
  expect(cut.at(-1)).toMatchObject({ type: 'tool.progress', text: 'begun', handle: { id: 7 } });
  expect(callIn(cut)).toMatchObject({ dispatched: true, handle: { id: 7 } });
  expect(callIn(log)).not.toHaveProperty('handle');
});

test('the worker that takes over gives the tool its handle; without the tool the outcome is unknown', async () => {
  const seen: ToolContext['handle'][] = [];
  const it = scene(async (_args, { keep, handle }) => {
    seen.push(handle);
    if (!handle) await keep({ id: 7 }, 'begun');
    return { output: handle ? 'asked' : 'made' };
  });
  const { log } = await it.go();
  const lost = log.slice(0, lastKept(log));
  const without = [...lost];
  await it.go(lost);
  expect(checkLog(lost)).toEqual([]);
  expect([seen, outputs(lost)]).toEqual([[undefined, { id: 7 }], ['asked']]);
  await it.go(without, []);
  expect(outputs(without)).toEqual([expect.stringContaining('outcome of this call is unknown')]);
});

test('a call that goes on elsewhere bounds its time itself', async () => {
  const timers = new Set<() => void>();
  const startTimer: AgentPorts['startTimer'] = (_ms, fire) => {
    timers.add(fire);
    return () => timers.delete(fire);
  };
  const it = scene(async (_args, { keep, handle, signal }) => {
    if (!handle) await keep({ id: 7 }, 'begun');
    timers.forEach((fire) => fire());
    return { output: `aborted: ${signal.aborted}` };
  });
  const { log } = await it.go(undefined, undefined, { startTimer });
  const lost = log.slice(0, lastKept(log));
  await it.go(lost, undefined, { startTimer });
  expect([outputs(log), outputs(lost)]).toEqual([['aborted: false'], ['aborted: false']]);
});

test.each([
  [true, 'What it has done so far is unknown'],
  [false, 'It has done nothing yet'],
])('nobody can be asked: what the model is told of a call that has a handle (%p)', async (isKept, told) => {
  const question = { id: 'who', message: 'Who?', schema: { type: 'object', properties: {} } };
  const it = scene(async (_args, { keep }) => {
    if (isKept) await keep({ id: 7 }, 'begun');
    return { output: '', asks: { questions: [question], state: {} } };
  });
  const { log } = await it.go();
  expect(outputs(log)).toEqual([expect.stringContaining(told)]);
  expect(checkLog(log)).toEqual([]);
});
