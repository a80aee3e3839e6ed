import {
  foldAll,
  pendingCalls,
  type ApprovalDecision,
  type ModelEvent,
  type Tool,
  type UpstreamAsk,
} from '#libs/contract';
import type { AgentPorts } from '#libs/agent';
import { attempt, NO_APPROVALS, says, scriptedProvider, typesOf } from '../../support/agent-lab.js';
import { checkLog, checkPrefix } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';
import { until } from '../../support/until.js';

type ApprovalAnswer = NonNullable<Awaited<ReturnType<AgentPorts['approvals']['answerTo']>>>;

/** An upstream that waits for approvals, and the answers that others leave for the run. */
function scene({ room = true, answerFails = 0 } = {}) {
  const left = new Map<string, ApprovalAnswer>();
  const given: ApprovalDecision[] = [];
  const closed: string[] = [];
  let opened = 0;
  let hears = 0;
  let fails = answerFails;
  const asks: UpstreamAsk = {
    secondsMax: 60,
    answer: async (decision) => {
      given.push(decision);
      if (fails-- > 0) throw new Error('not reached');
    },
  };
  const approvals: AgentPorts['approvals'] = {
    ...NO_APPROVALS,
    open: async () => (room ? { approvalId: `apr_${++opened}`, expiresAt: 1_000 } : undefined),
    hear: async () => {
      // Redis is away once.
      if (++hears === 1) throw new Error('away');
    },
    answerTo: async ({ approvalId }) => left.get(approvalId),
    close: (approvalId) => void closed.push(approvalId),
    park: async () => {
      throw new Error('the run was parked');
    },
  };
  const startTimer: AgentPorts['startTimer'] = (_, fire) => {
    const timer = setTimeout(fire, 1);
    return () => clearTimeout(timer);
  };
  return { left, given, closed, asks, ports: { approvals, startTimer } };
}

const begins = (callId: string, asks: UpstreamAsk): ModelEvent => ({ type: 'own_tool', callId, name: 'clock', asks });
const answered = (callId: string, decision: ApprovalDecision, by: 'user' | 'timeout' = 'user'): ModelEvent => ({
  type: 'own_tool_answered',
  callId,
  decision,
  by,
});
const ends = (callId: string): ModelEvent => ({ type: 'own_tool_end', callId, isError: false, output: 'x' });

test.each([
  ['once', 'user'],
  ['always', 'user'],
  ['deny', 'user'],
  ['deny', 'timeout'],
] as const)('the answer %s by %s goes to the upstream, and is told when the upstream goes on', async (decision, by) => {
  const { left, given, closed, asks, ports } = scene({ answerFails: 1 });
  const provider = scriptedProvider(async function* () {
    yield begins('c1', asks);
    left.set('apr_1', { decision, by });
    // It could not be reached at first.
    await until(async () => given.length === 2);
    yield answered('c1', decision);
    yield ends('c1');
    yield says.text('So.');
    yield says.end();
  });
  const { log, end } = await attempt({ spec: runSpec(), provider, ports });
  expect(end).toMatchObject({ type: 'run.completed' });
  expect(checkLog(log)).toEqual([]);
  expect(given).toEqual([decision, decision]);
  expect(log.filter(({ type }) => type.startsWith('approval.'))).toMatchObject([
    { type: 'approval.requested', approvalId: 'apr_1', name: 'clock', arguments: '{}', expiresAt: 1_000 },
    { type: 'approval.resolved', approvalId: 'apr_1', decision, by },
  ]);
  expect(closed).toEqual(['apr_1']);
});

test('several wait at once; what somebody answered there counts, whatever was answered here', async () => {
  const { left, closed, asks, ports } = scene();
  const provider = scriptedProvider(async function* () {
    yield begins('c1', asks);
    yield begins('c2', asks);
    left.set('apr_2', { decision: 'once', by: 'user' });
    yield { type: 'own_tool_progress', callId: 'c1', text: 'still' };
    yield answered('c2', 'deny', 'timeout');
    yield ends('c2');
    yield answered('c1', 'session');
    yield answered('c1', 'deny');
    yield ends('c1');
    yield says.end();
  });
  const { log } = await attempt({ spec: runSpec(), provider, ports });
  expect(checkLog(log)).toEqual([]);
  expect(log.filter(({ type }) => type === 'approval.resolved')).toMatchObject([
    { approvalId: 'apr_2', decision: 'deny', by: 'timeout' },
    { approvalId: 'apr_1', decision: 'session', by: 'user' },
  ]);
  expect(closed).toEqual(['apr_2', 'apr_1']);
});

test('an upstream that goes on without a word about the answer leaves nothing open', async () => {
  const { asks, ports } = scene();
  const provider = scriptedProvider(() => [begins('c1', asks), says.text('So.'), says.end()]);
  const { log } = await attempt({ spec: runSpec(), provider, ports });
  expect(checkLog(log)).toEqual([]);
  expect(log.find(({ type }) => type === 'approval.resolved')).toMatchObject({ decision: 'deny', by: 'policy' });
});

test.each([
  ['nobody may be asked', runSpec({ approvals: 'deny' }), {}],
  ['too many runs wait', runSpec(), { room: false }],
])('when %s, the upstream is told no at once, and no request is opened', async (_, spec, options) => {
  const { given, asks, ports } = scene(options);
  const provider = scriptedProvider(async function* () {
    yield begins('c1', asks);
    await until(async () => given.length === 1);
    yield answered('c1', 'deny');
    yield ends('c1');
    yield says.end();
  });
  const { log } = await attempt({ spec, provider, ports });
  expect(checkLog(log)).toEqual([]);
  expect(given).toEqual(['deny']);
  expect(typesOf(log)).not.toContain('approval.requested');
  expect(log.find(({ type }) => type === 'approval.resolved')).toMatchObject({ approvalId: '', by: 'policy' });
});

test('a run that ends meanwhile asks nobody any longer', async () => {
  const { closed, asks, ports } = scene();
  const provider = scriptedProvider(function* () {
    yield begins('c1', asks);
    throw new Error('cut');
  });
  const { log } = await attempt({ spec: runSpec(), provider, ports });
  expect(checkPrefix(log)).toEqual([]);
  expect(closed).toEqual(['apr_1']);
});

test('the next worker resolves what a lost one asked, and makes no call of its own under that name', async () => {
  const made: string[] = [];
  const clock: Tool = {
    name: 'clock',
    description: 'Tells the time.',
    parameters: { type: 'object' },
    approval: 'always',
    idempotent: true,
    execute: async () => {
      made.push('clock');
      return { output: 'noon' };
    },
  };
  const { asks, ports } = scene();
  let asked = 0;
  const provider = scriptedProvider(function* () {
    if (asked++ === 0) {
      yield begins('c1', asks);
      yield { type: 'own_tool', callId: 'c2', name: 'clock' };
      throw new Error('the worker dies');
    }
    yield says.text('Again.');
    yield says.end();
  });
  const spec = runSpec();
  const lost = await attempt({ spec, provider, tools: [clock], ports });
  expect(pendingCalls(foldAll(lost.log))).toHaveLength(1);
  const { log, end } = await attempt({ spec, provider, tools: [clock], ports }, lost.log);
  expect(end).toMatchObject({ type: 'run.completed' });
  expect(checkLog(log)).toEqual([]);
  expect(made).toEqual([]);
  expect(log.find(({ type }) => type === 'approval.resolved')).toMatchObject({ decision: 'deny', by: 'policy' });
  const outputs = log.flatMap((event) => (event.type === 'tool.completed' ? [event.output] : []));
  expect(outputs).toEqual(Array(2).fill(expect.stringContaining('outcome of this call is unknown')));
});
