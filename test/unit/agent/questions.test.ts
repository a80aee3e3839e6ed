import { RunParked, type ApprovalPorts } from '#libs/agent';
import { foldAll, LIMITS, type LoggedEvent, type ModelEvent, type Tool, type ToolResult } from '#libs/contract';
import { attempt, checkHistory, NO_APPROVALS, says, scriptedProvider, type Attempt } from '../../support/agent-lab.js';
import { checkLog, checkPrefix } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';

const question = { id: 'who', message: 'Who?', schema: { type: 'object', properties: { name: { type: 'string' } } } };
const asks = { questions: [question], state: { round: 1 } };

type ApprovalAnswer = NonNullable<Awaited<ReturnType<ApprovalPorts['answerTo']>>>;

/** A run of one call of a tool that asks the user; `made` are the executions, with the answers that they had. */
function scene(fields: Partial<Tool> = {}) {
  const made: string[] = [];
  const tool: Tool = {
    name: 'greet',
    description: 'greets',
    parameters: { type: 'object' },
    idempotent: false,
    approval: 'never',
    async execute(_args, { resume }): Promise<ToolResult> {
      made.push(JSON.stringify(resume ?? null));
      return resume ? { output: JSON.stringify(resume) } : { output: '', asks };
    },
    ...fields,
  };
  const answers = new Map<string, ApprovalAnswer>();
  let opened = 0;
  const approvals: ApprovalPorts = {
    ...NO_APPROVALS,
    open: async () => ({ approvalId: `apr_${++opened}`, expiresAt: 100 }),
    answerTo: async ({ approvalId }) => answers.get(approvalId),
    async park({ step, usage }) {
      log.push({ type: 'run.parked', step, usage, seq: log.length + 1, at: log.length });
      return 'parked';
    },
  };
  const provider = scriptedProvider(({ messages }): ModelEvent[] => {
    checkHistory(messages);
    if (messages.some((message) => message.role === 'tool')) return [says.text('done'), says.end()];
    return [...says.call('call_0', 'greet', '{}'), says.end('tool_calls')];
  });
  const spec = { ...runSpec(), protocol: 'runs' };
  const log: LoggedEvent[] = [
    { type: 'run.queued', runId: spec.runId, protocol: 'runs', owner: 'o', model: 'm', echo: {}, seq: 1, at: 0 },
  ];
  const go = (from = log): Promise<Attempt> => attempt({ spec, provider, tools: [tool], ports: { approvals } }, from);
  return { made, answers, log, go };
}

const outputs = (log: readonly LoggedEvent[]): string[] =>
  log.flatMap((event) => (event.type === 'tool.completed' ? [event.output] : []));

test('a call that asks parks the run; another attempt makes it again with the answers, once', async () => {
  const it = scene();
  expect((await it.go()).error).toBeInstanceOf(RunParked);
  expect(checkPrefix(it.log)).toEqual([]);
  expect(foldAll(it.log)).toMatchObject({ status: 'waiting_for_approval', items: [{ approval: { ask: asks } }] });
  it.answers.set('apr_1', { decision: 'once', by: 'user', answers: { who: { name: 'Ada' } } });
  expect((await it.go()).end).toMatchObject({ type: 'run.completed' });
  expect(checkLog(it.log)).toEqual([]);
  const resume = { state: { round: 1 }, answers: { who: { name: 'Ada' } }, by: 'user' };
  expect(outputs(it.log).map((text) => JSON.parse(text) as unknown)).toEqual([resume]);
  expect(it.made).toHaveLength(2);
});

test.each<[answer: ApprovalAnswer, by: string]>([
  [{ decision: 'deny', by: 'user' }, 'user'],
  [{ decision: 'deny', by: 'timeout' }, 'timeout'],
])('an answer that never comes, or is refused, is told to the tool: %j', async (answer, by) => {
  const it = scene();
  await it.go();
  it.answers.set('apr_1', answer);
  expect((await it.go()).end).toMatchObject({ type: 'run.completed' });
  expect(outputs(it.log).map((text) => JSON.parse(text) as unknown)).toEqual([{ state: { round: 1 }, by }]);
});

test('a worker that dies with the answers in its hands: what the call did is unknown, or it is safe to repeat', async () => {
  for (const idempotent of [false, true]) {
    const it = scene({ idempotent });
    await it.go();
    it.answers.set('apr_1', { decision: 'once', by: 'user', answers: { who: { name: 'Ada' } } });
    await it.go();
    const cut = it.log.findIndex(({ type }) => type === 'approval.resolved') + 1;
    const lost = it.log.slice(0, cut);
    it.made.length = 0;
    await it.go(lost);
    expect(checkLog(lost)).toEqual([]);
    expect(it.made).toHaveLength(idempotent ? 1 : 0);
    expect(outputs(lost)[0]).toContain(idempotent ? 'Ada' : 'outcome of this call is unknown');
  }
});

test('a tool that asks more than can be kept fails', async () => {
  const message = 'x'.repeat(LIMITS.questionsCharsMax);
  const it = scene({ execute: async () => ({ output: '', asks: { ...asks, questions: [{ ...question, message }] } }) });
  expect((await it.go()).end).toMatchObject({ type: 'run.completed' });
  expect(outputs(it.log)).toEqual([expect.stringContaining('more than can be asked')]);
});
