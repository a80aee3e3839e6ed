import { runAgent, RunLeft } from '#libs/agent';
import {
  EMPTY_SNAPSHOT,
  type ErrorCode,
  foldAll,
  GatewayError,
  type LoggedEvent,
  type ModelEvent,
  type ModelRequest,
  type RunEvent,
} from '#libs/contract';
import {
  attempt,
  checkHistory,
  type Lab,
  labPorts,
  queued,
  says,
  scriptedProvider,
  typesOf,
} from '../../support/agent-lab.js';
import { checkLog } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';

/** A provider that answers the n-th request with the n-th list of events, and afterwards with the last one. */
function rounds(...answers: readonly ModelEvent[][]): ReturnType<typeof scriptedProvider> {
  let round = 0;
  return scriptedProvider(({ messages }) => {
    checkHistory(messages);
    return answers[Math.min(round++, answers.length - 1)] ?? [];
  });
}

const echo = {
  name: 'echo',
  description: 'says it again',
  parameters: { type: 'object' },
  idempotent: true,
  approval: 'never' as const,
  execute: async (args: object) => ({ output: JSON.stringify(args) }),
};

const callsEcho = (callId = 'call_1'): ModelEvent[] => [
  ...says.call(callId, 'echo', '{"a":1}'),
  says.end('tool_calls'),
];

describe('the loop', () => {
  test('an answer without calls is one step', async () => {
    const provider = rounds([
      { type: 'reasoning', text: 'hm' },
      says.text('He'),
      says.text(''),
      says.text('llo'),
      says.end(),
    ]);
    const { log } = await attempt({ spec: runSpec(), provider });
    expect(checkLog(log)).toEqual([]);
    expect(typesOf(log).slice(2)).toEqual([
      'step.started',
      'reasoning.delta',
      'text.delta',
      'text.delta',
      'step.completed',
      'run.completed',
    ]);
    expect(log[2]).toMatchObject({ step: 1, model: 'lab-model', upstream: 'lab' });
    expect(log.at(-2)).toMatchObject({ finishReason: 'stop', usage: { inputTokens: 5, outputTokens: 3 } });
  });

  test('a server call is executed and its result given to the model', async () => {
    const provider = rounds([says.text('Look: '), ...callsEcho()], [says.text('done'), says.end()]);
    const { log } = await attempt({ spec: runSpec(), provider, tools: [echo] });
    expect(checkLog(log)).toEqual([]);
    expect(typesOf(log).slice(2)).toEqual([
      'step.started',
      'text.delta',
      'tool_call.started',
      'tool_call.arguments.delta',
      'tool_call.arguments.delta',
      'tool_call.ready',
      'tool.started',
      'tool.completed',
      'step.completed',
      'step.started',
      'text.delta',
      'step.completed',
      'run.completed',
    ]);
    expect(provider.asked[1]?.messages).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', text: 'Look: ', toolCalls: [{ callId: 'call_1', name: 'echo', arguments: '{"a":1}' }] },
      { role: 'tool', callId: 'call_1', output: '{"a":1}' },
    ]);
  });

  test('client calls end the run, after the server calls beside them', async () => {
    const provider = rounds([
      ...says.call('call_c', 'pick', '{"n":1}'),
      ...says.call('call_s', 'echo', '{"n":2}'),
      says.end('tool_calls'),
    ]);
    const { log, end } = await attempt({ spec: runSpec({ tools: [{ name: 'pick' }] }), provider, tools: [echo] });
    expect(checkLog(log)).toEqual([]);
    expect(end).toEqual({ type: 'run.completed', finishReason: 'tool_calls' });
    const completed = log.filter((event) => event.type === 'tool.completed');
    expect(completed).toMatchObject([{ callId: 'call_s', output: '{"n":2}' }]);
  });

  test("a client's tool hides the server tool of its name", async () => {
    const provider = rounds(callsEcho());
    const spec = runSpec({ tools: [{ name: 'echo', description: 'mine' }] });
    const { log, end } = await attempt({ spec, provider, tools: [echo] });
    expect(end).toEqual({ type: 'run.completed', finishReason: 'tool_calls' });
    expect(provider.asked[0]?.tools).toEqual([{ name: 'echo', description: 'mine' }]);
    expect(typesOf(log)).not.toContain('tool.started');
  });

  test('stops at stepsMax, and a final answer in the last step still counts', async () => {
    const settings = { stepsMax: 3 };
    let n = 0;
    const loops = scriptedProvider(() => callsEcho(`call_${++n}`));
    const cut = await attempt({ spec: runSpec(), provider: loops, tools: [echo], settings });
    expect(checkLog(cut.log)).toEqual([]);
    expect(cut.end).toEqual({ type: 'run.incomplete', reason: 'max_steps' });
    expect(loops.asked).toHaveLength(3);
    const provider = rounds(callsEcho('call_1'), callsEcho('call_2'), [says.text('done'), says.end()]);
    const whole = await attempt({ spec: runSpec(), provider, tools: [echo], settings });
    expect(whole.end).toEqual({ type: 'run.completed', finishReason: 'stop' });
  });

  test.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ] as const)('%s wins over calls: none is executed', async (finishReason, reason) => {
    const provider = rounds([...says.call('call_1', 'echo', '{"a":'), says.end(finishReason)]);
    const { log, end } = await attempt({ spec: runSpec(), provider, tools: [echo] });
    expect(checkLog(log)).toEqual([]);
    expect(end).toEqual({ type: 'run.incomplete', reason });
    expect(typesOf(log)).not.toContain('tool.started');
  });

  test.each([
    ['stop', [...says.call('call_1', 'pick', '{}')], 'tool_calls'],
    ['tool_calls', [says.text('no call')], 'stop'],
  ] as const)('the calls decide when the upstream says %s', async (said, events, meant) => {
    const provider = rounds([...events, says.end(said)]);
    const { log, end } = await attempt({ spec: runSpec({ tools: [{ name: 'pick' }] }), provider });
    expect(checkLog(log)).toEqual([]);
    expect(end).toEqual({ type: 'run.completed', finishReason: meant });
  });

  test('system text, sampling and tools reach the model', async () => {
    const provider = rounds([says.end()]);
    const spec = runSpec({ instructions: 'Be brief.', sampling: { temperature: 0.5 }, tools: [{ name: 'pick' }] });
    await attempt({ spec, provider, tools: [echo], settings: { systemPrompt: 'You are Talaria.' } });
    expect(provider.asked[0]).toMatchObject({
      model: 'lab-model',
      system: 'You are Talaria.\n\nBe brief.',
      sampling: { temperature: 0.5 },
      tools: [{ name: 'echo', description: 'says it again', parameters: { type: 'object' } }, { name: 'pick' }],
    });
  });

  test.each([
    [{ kind: 'named', name: 'echo' }, { kind: 'auto' }],
    [{ kind: 'required' }, { kind: 'auto' }],
    [
      { kind: 'allowed', mode: 'required', names: ['echo'] },
      { kind: 'allowed', mode: 'auto', names: ['echo'] },
    ],
    [{ kind: 'none' }, { kind: 'none' }],
  ] as const)('tool choice %j holds for the first step, then it is %j', async (toolChoice, later) => {
    const provider = rounds(callsEcho(), [says.end()]);
    const { log } = await attempt({ spec: runSpec({ toolChoice }), provider, tools: [echo] });
    expect(checkLog(log)).toEqual([]);
    expect(provider.asked.map((request: ModelRequest) => request.toolChoice)).toEqual([toolChoice, later]);
    const isError = toolChoice.kind === 'none';
    expect(log.find((event) => event.type === 'tool.completed')).toMatchObject({ isError });
  });
});

describe('failures', () => {
  test('a cut stream fails the run after its deltas', async () => {
    const provider = rounds([says.text('half')]);
    const { log, error } = await attempt({ spec: runSpec(), provider });
    expect(error).toMatchObject({ code: 'upstream_cut' });
    expect(typesOf(log).at(-1)).toBe('text.delta');
  });

  test.each<[string, ModelEvent[]]>([
    [
      'too many calls',
      Array.from({ length: 129 }, (_, i) => ({ type: 'tool_call', callId: `c${i}`, name: 'echo' }) as const),
    ],
    ['one id twice', [...says.call('c', 'echo', '{}'), ...says.call('c', 'echo', '{}')]],
    ['arguments of no call', [{ type: 'tool_arguments', callId: 'x', delta: '{}' }]],
    ['endless arguments', says.call('c', 'echo', `"${'x'.repeat(262_144)}"`)],
  ])('%s: upstream_invalid', async (_what, events) => {
    let closed = false;
    const provider = scriptedProvider(async function* () {
      try {
        yield* events;
        yield says.end('tool_calls');
      } finally {
        closed = true;
      }
    });
    const { log, error } = await attempt({ spec: runSpec(), provider, tools: [echo] });
    expect(error).toMatchObject({ code: 'upstream_invalid' });
    expect(typesOf(log)).not.toContain('tool.started');
    expect(closed).toBe(true);
  });

  test('128 calls in a step are executed', async () => {
    const calls = Array.from({ length: 128 }, (_, i) => says.call(`c${i}`, 'echo', '{}')).flat();
    const provider = rounds([...calls, says.end('tool_calls')], [says.end()]);
    const { log } = await attempt({ spec: runSpec(), provider, tools: [echo] });
    expect(checkLog(log)).toEqual([]);
    expect(log.filter((event) => event.type === 'tool.completed')).toHaveLength(128);
  });

  test('an abort is thrown as its reason, and nothing is said after it', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const provider = scriptedProvider(async function* ({ signal }) {
      yield says.text('a');
      controller.abort(reason);
      yield says.text('b');
      signal.throwIfAborted();
    });
    const { log, error } = await attempt({ spec: runSpec(), provider, ports: { signal: controller.signal } });
    expect(error).toBe(reason);
    expect(log.filter((event) => event.type === 'text.delta')).toHaveLength(1);
  });

  test('what breaks because of an abort is reported as the abort', async () => {
    const controller = new AbortController();
    const provider = scriptedProvider(async function* () {
      yield says.text('a');
      controller.abort('deadline');
      throw new TypeError('socket closed');
    });
    const { error } = await attempt({ spec: runSpec(), provider, ports: { signal: controller.signal } });
    expect(error).toBe('deadline');
  });

  test('a refused emit ends the run with its error and closes the upstream', async () => {
    let closed = false;
    const provider = scriptedProvider(async function* () {
      try {
        for (;;) yield says.text('more');
      } finally {
        closed = true;
      }
    });
    const refused = new Error('fenced');
    const emit = (event: RunEvent): Promise<void> | undefined =>
      event.type === 'step.started' ? Promise.reject(refused) : undefined;
    const { error } = await attempt({ spec: runSpec(), provider, ports: { emit } });
    expect(error).toBe(refused);
    expect(closed).toBe(true);
  });

  test('the model is read no further while emit waits for room', async () => {
    let produced = 0;
    const provider = scriptedProvider(async function* () {
      while (produced < 1_000) {
        produced++;
        yield says.text('x');
      }
      yield says.end();
    });
    let open: () => void = () => undefined;
    const room = new Promise<void>((resolve) => (open = resolve));
    const blocked = new Promise<void>((resolve) => {
      const lab: Lab = { spec: runSpec(), provider };
      const log: LoggedEvent[] = [queued(lab.spec)];
      let deltas = 0;
      const emit = (event: RunEvent): Promise<void> | undefined => {
        if (event.type !== 'text.delta' || ++deltas !== 10) return undefined;
        resolve();
        return room;
      };
      const ports = { ...labPorts(lab, () => undefined), emit };
      finished = runAgent(lab.spec, foldAll(log, EMPTY_SNAPSHOT), ports);
    });
    await blocked;
    await new Promise((resolve) => setImmediate(resolve));
    expect(produced).toBe(10);
    open();
    expect(await finished).toMatchObject({ type: 'run.completed' });
    expect(produced).toBe(1_000);
  });
  let finished: Promise<unknown>;
});

describe('a worker that leaves', () => {
  test('lets a step be completed with its tools, and begins no other', async () => {
    const provider = rounds(callsEcho(), [says.text('done'), says.end()]);
    let leaving = false;
    const tool = {
      ...echo,
      execute: async () => {
        leaving = true;
        return { output: 'said' };
      },
    };
    const lab: Lab = { spec: runSpec(), provider, tools: [tool], ports: { isLeaving: () => leaving } };
    const { log, error } = await attempt(lab);
    expect(error).toBeInstanceOf(RunLeft);
    expect(typesOf(log).at(-1)).toBe('step.completed');
    expect(provider.asked).toHaveLength(1);
    leaving = false;
    const next = await attempt(lab, log);
    expect(next.end).toMatchObject({ type: 'run.completed' });
    expect(checkLog(next.log)).toEqual([]);
    expect(provider.asked).toHaveLength(2);
  });

  test('finishes an answer that needs no other step', async () => {
    const provider = rounds([says.text('done'), says.end()]);
    let asked = 0;
    const { end } = await attempt({ spec: runSpec(), provider, ports: { isLeaving: () => asked++ > 0 } });
    expect(end).toMatchObject({ type: 'run.completed' });
  });
});

describe('stand-in models', () => {
  const failing = (code: ErrorCode): ReturnType<typeof scriptedProvider> =>
    scriptedProvider(() => {
      throw new GatewayError(code, code);
    }, 'first');
  const second = (): ReturnType<typeof scriptedProvider> =>
    scriptedProvider(() => [says.text('hi'), says.end()], 'second');

  test.each([
    'upstream_error',
    'upstream_cut',
    'upstream_invalid',
    'upstream_auth_failed',
    'upstream_rate_limited',
    'upstream_unreachable',
    'upstream_timeout',
  ] as const)('after %s the next one answers, under its own name', async (code) => {
    const { log } = await attempt({ spec: runSpec(), provider: failing(code), standIns: [second()] });
    expect(checkLog(log)).toEqual([]);
    expect(log.filter((event) => event.type === 'step.started')).toMatchObject([{ step: 1, upstream: 'second' }]);
  });

  test.each(['upstream_refused', 'context_length_exceeded', 'internal_error'] as const)('%s is final', async (code) => {
    const next = second();
    const { error } = await attempt({ spec: runSpec(), provider: failing(code), standIns: [next] });
    expect(error).toMatchObject({ code });
    expect(next.asked).toEqual([]);
  });

  test('an answer that ends before it begins makes way too', async () => {
    const { end } = await attempt({ spec: runSpec(), provider: scriptedProvider(() => []), standIns: [second()] });
    expect(end).toMatchObject({ type: 'run.completed' });
  });

  test('the last failure is thrown when all fail', async () => {
    const standIns = [failing('upstream_timeout'), failing('upstream_rate_limited')];
    const { log, error } = await attempt({ spec: runSpec(), provider: failing('upstream_error'), standIns });
    expect(error).toMatchObject({ code: 'upstream_rate_limited' });
    expect(typesOf(log)).toEqual(['run.queued', 'run.started']);
  });

  test('nobody is asked after an abort', async () => {
    const controller = new AbortController();
    const provider = scriptedProvider(() => {
      controller.abort('cancelled');
      throw new GatewayError('upstream_unreachable', 'socket closed');
    });
    const next = second();
    const ports = { signal: controller.signal };
    const { error } = await attempt({ spec: runSpec(), provider, standIns: [next], ports });
    expect(error).toBe('cancelled');
    expect(next.asked).toEqual([]);
  });

  test('nothing is retried after the first event', async () => {
    const provider = scriptedProvider(async function* () {
      yield says.text('I ');
      throw new GatewayError('upstream_error', 'gone');
    });
    const next = second();
    const { error } = await attempt({ spec: runSpec(), provider, standIns: [next] });
    expect(error).toMatchObject({ code: 'upstream_error' });
    expect(next.asked).toEqual([]);
  });
});
