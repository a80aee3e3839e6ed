import {
  GatewayError,
  type JsonObject,
  LIMITS,
  type LoggedEvent,
  type ModelEvent,
  type RunEvent,
  type Tool,
  type ToolContext,
} from '#libs/contract';
import { attempt, type Attempt, type Lab, says, scriptedProvider } from '../../support/agent-lab.js';
import { checkLog } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';
import { until } from '../../support/until.js';

/** One step with these calls, then an answer. */
function run(calls: readonly [name: string, args: string][], lab: Partial<Lab>, log?: LoggedEvent[]): Promise<Attempt> {
  const events: ModelEvent[] = calls.flatMap(([name, args], i) => says.call(`call_${i}`, name, args));
  const provider = scriptedProvider(({ messages }) =>
    messages.some((message) => message.role === 'tool') ? [says.end()] : [...events, says.end('tool_calls')],
  );
  return attempt({ spec: runSpec(), provider, ...lab }, log);
}

function toolOf(execute: Tool['execute'], fields: Partial<Tool> = {}): Tool {
  const rest = { parameters: { type: 'object' }, idempotent: true, approval: 'never' } as const;
  return { name: 't', description: 't', ...rest, execute, ...fields };
}

const completions = (log: readonly LoggedEvent[]): (LoggedEvent & { type: 'tool.completed' })[] =>
  log.filter((event) => event.type === 'tool.completed') as never;

describe('what the model is told about a call', () => {
  test.each([
    ['not valid JSON', '{"a":', 'not valid JSON'],
    ['an array', '[1]', 'not an array'],
    ['null', 'null', 'not null'],
    ['a number', '12', 'not a number'],
    ['nested too deep', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, 'nested deeper than 64 levels'],
  ])('arguments that are %s are answered, not executed', async (_what, args, text) => {
    const seen: JsonObject[] = [];
    const tools = [toolOf(async (given) => ({ output: String(seen.push(given)) }))];
    const { log, end } = await run([['t', args]], { tools });
    expect(checkLog(log)).toEqual([]);
    expect(end).toMatchObject({ type: 'run.completed' });
    expect(completions(log)).toMatchObject([{ isError: true, output: expect.stringContaining(text) }]);
    expect(seen).toEqual([]);
  });

  test('no arguments at all are an empty object', async () => {
    const { log } = await run([['t', '']], { tools: [toolOf(async (args) => ({ output: JSON.stringify(args) }))] });
    expect(completions(log)).toMatchObject([{ isError: false, output: '{}' }]);
  });

  test('a tool that nobody offered', async () => {
    const { log } = await run([['rm', '{}']], {});
    expect(checkLog(log)).toEqual([]);
    expect(completions(log)).toMatchObject([{ isError: true, output: expect.stringContaining("Unknown tool 'rm'") }]);
  });

  test('a tool that the caller did not allow is not executed', async () => {
    const toolChoice = { kind: 'allowed', mode: 'auto', names: ['other'] } as const;
    const tools = [toolOf(async () => ({ output: 'ran' }))];
    const { log } = await run([['t', '{}']], { spec: runSpec({ toolChoice }), tools });
    expect(completions(log)).toMatchObject([{ isError: true, output: expect.stringContaining('may not be called') }]);
  });

  test.each([{ kind: 'allowed', mode: 'auto', names: ['other'] }, { kind: 'none' }] as const)(
    'a call that the caller forbade with %j is not handed to the caller',
    async (toolChoice) => {
      const tools = [{ name: 't' }, { name: 'other' }];
      const { log, end } = await run([['t', '{}']], { spec: runSpec({ toolChoice, tools }) });
      expect(checkLog(log)).toEqual([]);
      expect(end).toMatchObject({ type: 'run.completed', finishReason: 'stop' });
      expect(completions(log)).toMatchObject([{ isError: true, output: expect.stringContaining("Unknown tool 't'") }]);
    },
  );

  test.each<[string, () => never, string]>([
    ['a GatewayError', () => fail(new GatewayError('forbidden', 'Ask an admin.')), 'Ask an admin.'],
    ['anything else', () => fail(new Error('password is hunter2')), 'The tool failed.'],
    ['no error at all', () => fail('boo'), 'The tool failed.'],
  ])('a tool that throws %s', async (_what, execute, output) => {
    const { log, end } = await run([['t', '{}']], { tools: [toolOf(execute)] });
    expect(completions(log)).toMatchObject([{ isError: true, output }]);
    expect(end).toMatchObject({ type: 'run.completed' });
  });

  test('output over the limit is cut, between characters, with a marker that counts what is missing', async () => {
    const output = '😀'.repeat(100_000);
    const { log } = await run([['t', '{}']], { tools: [toolOf(async () => ({ output }))] });
    const said = completions(log)[0]?.output ?? '';
    expect(Buffer.byteLength(said)).toBeLessThanOrEqual(LIMITS.toolOutputBytesMax);
    const [, kept = '', left = ''] =
      /^((?:😀)+)\n\[Output cut: (\d+) more characters were left out\.\]$/u.exec(said) ?? [];
    expect(kept.length + Number(left)).toBe(output.length);
  });

  test('output at the limit is whole', async () => {
    const output = 'é'.repeat(LIMITS.toolOutputBytesMax / 2);
    const { log } = await run([['t', '{}']], { tools: [toolOf(async () => ({ output }))] });
    expect(completions(log)[0]?.output).toBe(output);
  });

  test('the context says whose call it is', async () => {
    const spec = runSpec({ owner: 'bob' });
    const execute: Tool['execute'] = async (_args, { runId, owner, callId }) => ({
      output: [runId, owner, callId].join(),
    });
    const { log } = await run([['t', '{}']], { spec, tools: [toolOf(execute)] });
    expect(completions(log)[0]?.output).toBe(`${spec.runId},bob,call_0`);
  });
});

describe('calls side by side', () => {
  test('each is completed as it finishes; the model reads the results in the order of its calls', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const execute: Tool['execute'] = async (args) => {
      if (args['n'] === 0) await gate;
      else release();
      return { output: String(args['n']) };
    };
    const results: string[] = [];
    const provider = scriptedProvider(({ messages }) => {
      const answers = messages.filter((message) => message.role === 'tool');
      results.push(...answers.map((message) => message.output));
      if (answers.length > 0) return [says.end()];
      return [...says.call('a', 't', '{"n":0}'), ...says.call('b', 't', '{"n":1}'), says.end('tool_calls')];
    });
    const { log } = await run([], { provider, tools: [toolOf(execute)] });
    expect(checkLog(log)).toEqual([]);
    expect(completions(log).map((event) => event.output)).toEqual(['1', '0']);
    expect(results).toEqual(['0', '1']);
  });

  test('progress is shown while the tool runs and not after', async () => {
    let late: ToolContext | undefined;
    const execute: Tool['execute'] = async (_args, context) => {
      late = context;
      context.progress('x'.repeat(5_000));
      context.progress('half');
      return { output: 'ok' };
    };
    const { log } = await run([['t', '{}']], { tools: [toolOf(execute)] });
    late?.progress('too late');
    expect(checkLog(log)).toEqual([]);
    const shown = log.flatMap((event) => (event.type === 'tool.progress' ? [event.text] : []));
    expect(shown).toEqual(['x'.repeat(2_000), 'half']);
  });
});

describe('progress and back-pressure', () => {
  /** Runs a tool that shows two things at once while the first has to wait for `room`. */
  async function showTwice(room: Promise<void>): Promise<{ shown: string[]; attempt: Attempt }> {
    const shown: string[] = [];
    const execute: Tool['execute'] = async (_args, context) => {
      context.progress('one');
      context.progress('two');
      await room.catch(() => undefined);
      await new Promise((resolve) => setImmediate(resolve));
      context.progress('three');
      return { output: 'ok' };
    };
    const emit = (event: RunEvent): Promise<void> | undefined => {
      if (event.type !== 'tool.progress') return undefined;
      shown.push(event.text);
      return event.text === 'one' ? room : undefined;
    };
    return { attempt: await run([['t', '{}']], { tools: [toolOf(execute)], ports: { emit } }), shown };
  }

  test('progress is dropped while the run waits for room', async () => {
    const { shown, attempt } = await showTwice(new Promise((resolve) => setImmediate(resolve)));
    expect(shown).toEqual(['one', 'three']);
    expect(attempt.end).toMatchObject({ type: 'run.completed' });
  });

  test('progress that is refused ends the run with the refusal', async () => {
    const refused = new Error('fenced');
    const { shown, attempt } = await showTwice(Promise.reject(refused));
    expect(attempt.error).toBe(refused);
    expect(shown).toEqual(['one']);
  });
});

describe('time and abort', () => {
  test('a tool that takes too long is told so and abandoned, with its later failure', async () => {
    let signal: AbortSignal | undefined;
    let fail: (error: Error) => void = () => undefined;
    const execute: Tool['execute'] = (_args, context) => {
      signal = context.signal;
      return new Promise((_, reject) => (fail = reject));
    };
    const startTimer = (ms: number, fire: () => void): (() => void) => {
      expect(ms).toBe(7_000);
      setImmediate(fire);
      return () => undefined;
    };
    const { log, end } = await run([['t', '{}']], {
      tools: [toolOf(execute)],
      settings: { toolSecondsMax: 7 },
      ports: { startTimer },
    });
    fail(new Error('much later'));
    expect(checkLog(log)).toEqual([]);
    expect(end).toMatchObject({ type: 'run.completed' });
    expect(completions(log)).toMatchObject([{ isError: true, output: 'The tool timed out after 7 s.' }]);
    expect(signal?.aborted).toBe(true);
  });

  test('timers of tools that finished are cancelled', async () => {
    let running = 0;
    const startTimer = (): (() => void) => {
      running++;
      return () => void running--;
    };
    const execute: Tool['execute'] = async () => ({ output: String(running) });
    const { log } = await run(
      [
        ['t', '{}'],
        ['t', '{}'],
      ],
      { tools: [toolOf(execute)], ports: { startTimer } },
    );
    expect(completions(log).map((event) => event.output)).toEqual(['1', '2']);
    expect(running).toBe(0);
  });

  test('an abort of the run does not wait for a tool that ignores it', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const signals: AbortSignal[] = [];
    const contexts: ToolContext[] = [];
    const execute: Tool['execute'] = (_args, context) => {
      signals.push(context.signal);
      contexts.push(context);
      return new Promise(() => undefined);
    };
    const ended = run(
      [
        ['t', '{}'],
        ['t', '{}'],
      ],
      { tools: [toolOf(execute)], ports: { signal: controller.signal } },
    );
    await until(() => signals.length === 2, { what: 'both tools' });
    controller.abort(reason);
    const { log, error } = await ended;
    expect(error).toBe(reason);
    expect(signals.map((signal) => signal.reason)).toEqual([reason, reason]);
    const length = log.length;
    contexts.forEach((context) => context.progress('still here'));
    expect(log).toHaveLength(length);
    expect(completions(log)).toEqual([]);
  });

  test('when the run is lost the other tools are aborted and nothing more is emitted', async () => {
    const lost = new Error('fenced');
    let signal: AbortSignal | undefined;
    const slow = toolOf((_args, context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    });
    const pay = toolOf(async () => ({ output: 'paid' }), { name: 'pay', idempotent: false });
    const ports = { flushed: () => Promise.reject(lost) };
    const { log, error } = await run(
      [
        ['t', '{}'],
        ['pay', '{}'],
      ],
      { tools: [slow, pay], ports },
    );
    expect(error).toBe(lost);
    expect(signal?.reason).toBe(lost);
    expect(completions(log)).toEqual([]);
  });
});

function fail(error: unknown): never {
  throw error;
}
