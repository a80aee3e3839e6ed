import { RunParked, type ApprovalPorts } from '#libs/agent';
import {
  foldAll,
  type ApprovalDecision,
  type LoggedEvent,
  type ModelEvent,
  type RunSpec,
  type Tool,
} from '#libs/contract';
import {
  attempt,
  checkHistory,
  NO_APPROVALS,
  says,
  scriptedProvider,
  typesOf,
  type Attempt,
} from '../../support/agent-lab.js';
import { checkLog, checkPrefix } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';

/**
 * A run of the calls with one tool that needs approval (`pay`) and one that does not (`look`); `effects` are the calls
 * made.
 */
function scene(calls: readonly [name: string, args: string][] = [['pay', '{"to":"ann"}']]) {
  const effects: string[] = [];
  const tool = (name: string): Tool => ({
    name,
    description: name,
    parameters: { type: 'object' },
    idempotent: false,
    approval: 'never',
    execute: async (_args, { callId }) => ({ output: `${name} ${effects.push(callId)}` }),
  });
  const answers = new Map<string, ApprovalDecision>();
  const remembered: string[] = [];
  const known = new Map<string, 'session' | 'always'>();
  let opened = 0;
  let steers: string[] = [];
  let room = Infinity;
  let awake = false;
  let now = 0;
  const approvals: ApprovalPorts = {
    ...NO_APPROVALS,
    scopeOf: ({ name }) => (name === 'pay' ? name : undefined),
    recall: async (scope) => known.get(scope),
    remember: async (scope, decision) => void remembered.push(`${decision} ${scope}`),
    open: async () => (opened < room ? { approvalId: `apr_${++opened}`, expiresAt: 100 } : undefined),
    async answerTo({ approvalId, expiresAt = 0 }) {
      const decision = answers.get(approvalId);
      if (decision) return { decision, by: 'user' };
      return expiresAt <= now ? { decision: 'deny', by: 'timeout' } : undefined;
    },
    async park({ step, usage }) {
      if (awake) {
        answers.set('apr_1', 'once');
        return 'awake';
      }
      log.push({ type: 'run.parked', step, usage, seq: log.length + 1, at: log.length });
      return 'parked';
    },
  };
  const provider = scriptedProvider(({ messages }): ModelEvent[] => {
    checkHistory(messages);
    if (messages.some((message) => message.role === 'tool')) return [says.text('done'), says.end()];
    return [...calls.flatMap(([name, args], i) => says.call(`call_${i}`, name, args)), says.end('tool_calls')];
  });
  const spec = runSpec();
  const log: LoggedEvent[] = [
    { type: 'run.queued', runId: spec.runId, protocol: 'x', owner: 'o', model: 'm', echo: {}, seq: 1, at: 0 },
  ];
  const tools = [tool('pay'), tool('look')];
  return {
    effects,
    answers,
    remembered,
    known,
    provider,
    log,
    set: (change: { room?: number; awake?: boolean; now?: number; steers?: string[] }) => {
      room = change.room ?? room;
      awake = change.awake ?? awake;
      now = change.now ?? now;
      steers = change.steers ?? steers;
    },
    go: (more: Partial<RunSpec> = {}): Promise<Attempt> =>
      attempt({ spec: { ...spec, ...more }, provider, tools, ports: { approvals, steers: async () => steers } }, log),
  };
}

const outputs = (log: readonly LoggedEvent[]): string[] =>
  log.flatMap((event) => (event.type === 'tool.completed' ? [event.output] : []));

describe('a call that needs approval', () => {
  test('parks the run; with the answer another attempt goes on in the same step, and its cost is kept', async () => {
    const it = scene();
    const first = await it.go();
    expect(first.error).toBeInstanceOf(RunParked);
    expect(it.effects).toEqual([]);
    expect(checkPrefix(it.log)).toEqual([]);
    expect(foldAll(it.log)).toMatchObject({ status: 'waiting_for_approval' });
    it.answers.set('apr_1', 'once');
    const second = await it.go();
    expect(second.end).toMatchObject({ type: 'run.completed' });
    expect(checkLog(it.log)).toEqual([]);
    expect(it.effects).toEqual(['call_0']);
    expect(it.provider.asked).toHaveLength(2);
    expect(foldAll(it.log).usage).toMatchObject({ inputTokens: 10, outputTokens: 6 });
    expect(it.remembered).toEqual([]);
  });

  test('parks again when it is taken up without an answer', async () => {
    const it = scene();
    for (let i = 0; i < 3; i++) expect((await it.go()).error).toBeInstanceOf(RunParked);
    expect(checkPrefix(it.log)).toEqual([]);
    expect(typesOf(it.log).filter((type) => type === 'approval.requested')).toHaveLength(1);
    expect(it.effects).toEqual([]);
  });

  test.each([
    ['the user', { decision: 'deny' as const, now: 0 }, /user denied/],
    ['time', { decision: undefined, now: 100 }, /in time/],
  ])('that is denied by %s is answered and not made', async (_who, { decision, now }, text) => {
    const it = scene();
    await it.go();
    if (decision) it.answers.set('apr_1', decision);
    it.set({ now });
    const { end } = await it.go();
    expect(end).toMatchObject({ type: 'run.completed' });
    expect(checkLog(it.log)).toEqual([]);
    expect(it.effects).toEqual([]);
    expect(outputs(it.log)).toEqual([expect.stringMatching(text)]);
  });

  test('of a run in which nobody can be asked is denied at once', async () => {
    const it = scene();
    const { end } = await it.go({ approvals: 'deny' });
    expect(end).toMatchObject({ type: 'run.completed' });
    expect(it.effects).toEqual([]);
    expect(outputs(it.log)).toEqual([expect.stringMatching(/nobody can be asked/)]);
    expect(typesOf(it.log)).not.toContain('approval.requested');
  });

  test('does not wait when an earlier answer covers it, and that is told', async () => {
    const it = scene();
    it.known.set('pay', 'always');
    expect((await it.go()).end).toMatchObject({ type: 'run.completed' });
    expect(it.log).toContainEqual(
      expect.objectContaining({ type: 'approval.resolved', decision: 'always', by: 'policy' }),
    );
    expect(checkLog(it.log)).toEqual([]);
    expect(it.effects).toEqual(['call_0']);
  });

  test.each(['session', 'always'] as const)('is remembered when the answer is for the %s', async (decision) => {
    const it = scene();
    await it.go();
    it.answers.set('apr_1', decision);
    await it.go();
    expect(it.remembered).toEqual([`${decision} pay`]);
  });

  test('is denied when nobody more may be asked', async () => {
    const it = scene();
    it.set({ room: 0 });
    expect((await it.go()).end).toMatchObject({ type: 'run.completed' });
    expect(outputs(it.log)).toEqual([expect.stringMatching(/nobody can be asked/)]);
    expect(it.effects).toEqual([]);
  });

  test('is not asked for when its arguments could not be executed anyway', async () => {
    const it = scene([['pay', '{"to":']]);
    expect((await it.go()).end).toMatchObject({ type: 'run.completed' });
    expect(typesOf(it.log)).not.toContain('approval.requested');
    expect(outputs(it.log)).toEqual([expect.stringMatching(/not valid JSON/)]);
  });

  test('that was answered while the run was being parked goes on without parking', async () => {
    const it = scene();
    it.set({ awake: true });
    expect((await it.go()).end).toMatchObject({ type: 'run.completed' });
    expect(typesOf(it.log)).not.toContain('run.parked');
    expect(checkLog(it.log)).toEqual([]);
    expect(it.effects).toEqual(['call_0']);
  });
});

test('several requests of one step are asked at once; each answer lets its own call go, and no call is made twice', async () => {
  const it = scene([
    ['pay', '{"n":1}'],
    ['look', '{}'],
    ['pay', '{"n":2}'],
  ]);
  await it.go();
  expect(it.effects).toEqual(['call_1']);
  expect(typesOf(it.log).filter((type) => type === 'approval.requested')).toHaveLength(2);
  it.answers.set('apr_2', 'once');
  expect((await it.go()).error).toBeInstanceOf(RunParked);
  expect(it.effects).toEqual(['call_1', 'call_2']);
  it.answers.set('apr_1', 'deny');
  expect((await it.go()).end).toMatchObject({ type: 'run.completed' });
  expect(it.effects).toEqual(['call_1', 'call_2']);
  expect(checkLog(it.log)).toEqual([]);
  expect(foldAll(it.log).usage.inputTokens).toBe(10);
});

test('a run with approvals survives the loss of its worker after any event, and never pays unasked', async () => {
  const whole = scene([
    ['pay', '{"n":1}'],
    ['look', '{}'],
  ]);
  await whole.go();
  whole.answers.set('apr_1', 'once');
  await whole.go();
  for (let cut = 1; cut < whole.log.length; cut++) {
    const it = scene([
      ['pay', '{"n":1}'],
      ['look', '{}'],
    ]);
    it.log.splice(0, Infinity, ...whole.log.slice(0, cut));
    const paidBefore = it.log.some((event) => event.type === 'tool.started' && event.callId === 'call_0');
    const allowed = it.log.some((event) => event.type === 'approval.resolved');
    const { end, error } = await it.go();
    expect([cut, checkPrefix(it.log)]).toEqual([cut, []]);
    if (!allowed) {
      expect(error).toBeInstanceOf(RunParked);
      expect(it.effects.filter((callId) => callId === 'call_0')).toEqual([]);
    } else {
      expect(end).toMatchObject({ type: 'run.completed' });
      expect(it.effects.filter((callId) => callId === 'call_0')).toHaveLength(paidBefore ? 0 : 1);
    }
  }
});

test('a steering text stands behind the step in which it came, once, and stays there', async () => {
  const it = scene([['look', '{}']]);
  it.set({ steers: ['first words'] });
  const { end } = await it.go();
  expect(end).toMatchObject({ type: 'run.completed' });
  expect(it.provider.asked[0]?.messages.at(-1)).toEqual({ role: 'user', content: 'first words' });
  expect(it.provider.asked[1]?.messages.map(({ role }) => role)).toEqual(['user', 'user', 'assistant', 'tool']);
  expect(typesOf(it.log).filter((type) => type === 'run.steered')).toHaveLength(1);
  expect(checkLog(it.log)).toEqual([]);
});
