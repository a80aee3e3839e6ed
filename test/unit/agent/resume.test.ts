import fc from '../../support/property.js';
import {
  EMPTY_SNAPSHOT,
  foldAll,
  type LoggedEvent,
  type Message,
  type ModelEvent,
  type ModelRequest,
  outputText,
  type Tool,
} from '#libs/contract';
import { runAgent } from '#libs/agent';
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
import { checkLog, checkPrefix } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';

/**
 * A run with everything in it: reasoning, text, three calls at once (a read-only tool, one with an effect, one that
 * nobody offered), a lone call with an effect, and an answer. The script looks at the history only, as a model does.
 */
function scenario(): Scenario {
  const effects: string[] = [];
  const reads: string[] = [];
  const histories: string[] = [];
  let calls = 0;
  const script = function* (request: ModelRequest): Iterable<ModelEvent> {
    checkHistory(request.messages);
    histories.push(JSON.stringify(request.messages.map(withoutIds)));
    const round = request.messages.filter((message) => message.role === 'assistant').length;
    if (round === 0) {
      yield { type: 'reasoning', text: 'think' };
      yield says.text('Let me ');
      yield says.text('look.');
      yield* says.call(`call_${++calls}`, 'read', '{"key":"a"}');
      yield* says.call(`call_${++calls}`, 'pay', '{"amount":1}');
      yield* says.call(`call_${++calls}`, 'nobody', '{}');
      yield says.end('tool_calls');
    } else if (round === 1) {
      yield* says.call(`call_${++calls}`, 'pay', '{"amount":2}');
      yield says.end('tool_calls');
    } else {
      yield says.text('All ');
      yield says.text('done.');
      yield says.end();
    }
  };
  const tools: Tool[] = [
    tool('read', true, async (args, context) => {
      context.progress('reading');
      reads.push(context.callId);
      return { output: `value of ${String(args['key'])}` };
    }),
    tool('pay', false, async (_args, { callId }) => {
      effects.push(callId);
      return { output: 'paid' };
    }),
  ];
  return { lab: { spec: runSpec(), provider: scriptedProvider(script), tools }, effects, reads, histories };
}

interface Scenario {
  readonly lab: Lab;
  /** Call ids in the order in which the tool with an effect was executed. */
  readonly effects: string[];
  readonly reads: string[];
  readonly histories: string[];
}

function tool(name: string, idempotent: boolean, execute: Tool['execute']): Tool {
  return { name, description: name, parameters: { type: 'object' }, idempotent, approval: 'never', execute };
}

/** Call ids differ between attempts and are no part of what the model is told. */
function withoutIds(message: Message): unknown {
  if (message.role === 'tool') return { role: 'tool', output: message.output };
  if (message.role !== 'assistant') return message;
  return { ...message, toolCalls: message.toolCalls.map(({ name, arguments: text }) => [name, text]) };
}

const callsIn = (log: readonly LoggedEvent[], type: 'tool.started' | 'tool.completed'): Set<string> =>
  new Set(log.flatMap((event) => (event.type === type ? [event.callId] : [])));

/** Cuts the log at `k` as a dying worker does and lets the next worker take over. */
async function resumeAt(lab: Lab, log: readonly LoggedEvent[], k: number): Promise<LoggedEvent[]> {
  const { log: whole, error } = await attempt(lab, log.slice(0, k));
  if (error) throw error;
  return whole;
}

function expectLegal(log: readonly LoggedEvent[], kept: readonly LoggedEvent[]): void {
  expect(checkLog(log)).toEqual([]);
  expect(log.slice(0, kept.length)).toEqual(kept);
  expect(log.at(-1)).toMatchObject({ type: 'run.completed', finishReason: 'stop' });
  expect(outputText(foldAll(log, EMPTY_SNAPSHOT)).endsWith('All done.')).toBe(true);
}

async function recorded(): Promise<LoggedEvent[]> {
  const { log } = await attempt(scenario().lab);
  expect(checkLog(log)).toEqual([]);
  return log;
}

describe('a run taken up after its worker was lost', () => {
  test('the recorded run has every kind of event of a step', async () => {
    const types = new Set(typesOf(await recorded()));
    for (const type of ['reasoning.delta', 'text.delta', 'tool_call.ready', 'tool.progress', 'tool.completed']) {
      expect(types).toContain(type);
    }
  });

  test('goes on legally from every place of the log and repeats nothing that it must not', async () => {
    const log = await recorded();
    for (let k = 1; k < log.length; k++) {
      const kept = log.slice(0, k);
      const { lab, effects, reads } = scenario();
      const whole = await resumeAt(lab, log, k);
      expectLegal(whole, kept);
      const dispatched = callsIn(kept, 'tool.started');
      const finished = callsIn(kept, 'tool.completed');
      expect(effects.filter((callId) => dispatched.has(callId) && callsOfPay(kept).has(callId))).toEqual([]);
      expect(reads.filter((callId) => finished.has(callId) && callsOfRead(kept).has(callId))).toEqual([]);
    }
  });

  test('a step is finished once a call of it was dispatched, goes on if the model repeats its text, else is asked again', async () => {
    const log = await recorded();
    for (let k = 1; k < log.length; k++) {
      const kept = log.slice(0, k);
      const whole = await resumeAt(scenario().lab, log, k);
      const open = openStepOf(kept);
      const interrupted = whole.some((event) => event.type === 'step.interrupted');
      expect([k, interrupted]).toEqual([k, open !== undefined && !open.dispatched && !open.isText]);
    }
  });

  test('the model is told the same as without the loss, but for outcomes that nobody knows', async () => {
    const straight = scenario();
    const { log } = await attempt(straight.lab);
    const known = straight.histories.map(withoutOutcomes);
    for (let k = 1; k < log.length; k++) {
      const { lab, histories } = scenario();
      await resumeAt(lab, log, k);
      expect(known.slice(known.length - histories.length)).toEqual(histories.map(withoutOutcomes));
    }
  });

  test('a dispatched call with an effect is answered as unknown; one never dispatched is executed', async () => {
    const log = await recorded();
    const started = log.findIndex((event) => event.type === 'tool.started' && event.name === 'pay');
    const lost = scenario();
    const afterLoss = await resumeAt(lost.lab, log, started + 1);
    expect(lost.effects).toHaveLength(1); // the payment of the next step only
    expect(answersOf(afterLoss, 'pay')[0]).toMatchObject({ isError: true });
    expect(answersOf(afterLoss, 'pay')[0]?.output).toContain('unknown');

    const early = scenario();
    const afterEarly = await resumeAt(early.lab, log, started);
    expect(early.effects).toHaveLength(2);
    expect(answersOf(afterEarly, 'pay')[0]).toMatchObject({ isError: false, output: 'paid' });
  });

  test('survives any number of losses, wherever they fall', async () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        // One scenario for all attempts: executions are counted over the whole life of the run.
        const { lab, effects } = scenario();
        let log = [queued(lab.spec)];
        for (const place of places) {
          const grown = await resumeAt(lab, log, log.length);
          log = grown.slice(0, Math.max(log.length, Math.floor(place * grown.length)));
          if (log.length === grown.length) break;
          expect(checkPrefix(log)).toEqual([]);
          // Executions whose dispatch was cut off the log did not happen: the dispatch is durable before the execution.
          effects.splice(0, effects.length, ...effects.filter((callId) => callsIn(log, 'tool.started').has(callId)));
        }
        const whole = await resumeAt(lab, log, Math.min(log.length, lastOpen(log)));
        expect(checkLog(whole)).toEqual([]);
        expect(new Set(effects).size).toBe(effects.length);
      }),
      { numRuns: 150 },
    );
  });

  test('the dispatch of a tool with an effect is durable before it is executed', async () => {
    const log: LoggedEvent[] = [];
    let durable = 0;
    const executedAt: number[] = [];
    const { lab } = scenario();
    const pay = tool('pay', false, async () => {
      executedAt.push(durable);
      return { output: 'paid' };
    });
    log.push(queued(lab.spec));
    const flushed = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      durable = log.length;
    };
    const read = lab.tools?.filter((one) => one.name === 'read') ?? [];
    await attempt({ ...lab, tools: [...read, pay], ports: { flushed } }, log);
    const dispatches = log.flatMap((event, i) =>
      event.type === 'tool.started' && event.name === 'pay' ? [i + 1] : [],
    );
    expect(dispatches).toHaveLength(2);
    expect(executedAt).toHaveLength(2);
    dispatches.forEach((place, i) => expect(executedAt[i]).toBeGreaterThanOrEqual(place));
  });

  test('calls for the client alone: an open step is asked again, a completed one ends the run', async () => {
    const spec = runSpec({ tools: [{ name: 'ask_user' }] });
    const provider = scriptedProvider(function* () {
      yield* says.call('call_1', 'ask_user', '{}');
      yield says.end('tool_calls');
    });
    const { log } = await attempt({ spec, provider });
    for (let k = 1; k < log.length; k++) {
      const whole = await resumeAt({ spec, provider }, log, k);
      expect(checkLog(whole)).toEqual([]);
      expect(whole.at(-1)).toMatchObject({ type: 'run.completed', finishReason: 'tool_calls' });
      expect(typesOf(whole).includes('step.interrupted')).toBe(openStepOf(log.slice(0, k)) !== undefined);
    }
  });

  test('a run that has ended is not run again', async () => {
    const { lab } = scenario();
    const { log } = await attempt(lab);
    await expect(
      runAgent(
        lab.spec,
        foldAll(log),
        labPorts(lab, () => undefined),
      ),
    ).rejects.toThrow('terminal event');
  });
});

/** What the calls that a loss can make unknown were answered with, with and without a loss. */
const OUTCOME = /paid|Unknown tool 'nobody'[^"]*|The outcome of this call is unknown[^"]*/g;
const withoutOutcomes = (history: string): string => history.replace(OUTCOME, '?');

function callsOfTool(log: readonly LoggedEvent[], name: string): Set<string> {
  return new Set(
    log.flatMap((event) => (event.type === 'tool_call.started' && event.name === name ? [event.callId] : [])),
  );
}
const callsOfPay = (log: readonly LoggedEvent[]): Set<string> => callsOfTool(log, 'pay');
const callsOfRead = (log: readonly LoggedEvent[]): Set<string> => callsOfTool(log, 'read');

function answersOf(log: readonly LoggedEvent[], name: string): (LoggedEvent & { type: 'tool.completed' })[] {
  return log.filter((event) => event.type === 'tool.completed' && event.name === name) as never;
}

function openStepOf(log: readonly LoggedEvent[]): { dispatched: boolean; isText: boolean } | undefined {
  const begun = log.findLastIndex((event) => event.type === 'step.started');
  if (begun < 0 || log.slice(begun).some((event) => event.type === 'step.completed')) return undefined;
  const types = typesOf(log.slice(begun));
  const isText = types.at(-1) === 'text.delta' && !types.some((type) => type.startsWith('tool_call'));
  return { dispatched: types.includes('tool.started'), isText };
}

/** Place of the terminal event, or the length of a log without one: where the next attempt can begin. */
function lastOpen(log: readonly LoggedEvent[]): number {
  const end = log.findIndex(
    (event) => event.type.startsWith('run.') && !['run.queued', 'run.started'].includes(event.type),
  );
  return end < 0 ? log.length : end;
}
