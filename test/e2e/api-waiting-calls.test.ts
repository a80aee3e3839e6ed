import type { RunEvent } from '#libs/contract';
import { startApiLab, type ApiLab } from '../support/api-lab.js';
import { stepCompleted, stepStarted } from '../support/scripted-worker.js';
import { until } from '../support/until.js';

/** A call that waits for approval, over HTTP: what clients learn that show nothing but text. */
let lab: ApiLab;
beforeAll(async () => {
  lab = await startApiLab(1);
});
afterAll(() => lab?.close());

const user = [{ role: 'user', content: 'Hello' }];
const ROUTES = [
  ['/v1/chat/completions', { messages: user }],
  ['/v1/responses', { input: 'Hello' }],
  ['/v1/messages', { messages: user, max_tokens: 99 }],
] as const;

const call = { step: 1, callId: 'c', name: 'terminal', arguments: '{"command":"ls"}' } as const;
const approval = { step: 1, callId: 'c', approvalId: `apr_${'1'.repeat(24)}` } as const;
const ASKED: RunEvent[] = [
  { type: 'run.started', attempt: 1, worker: 'w' },
  stepStarted,
  { type: 'tool_call.started', step: 1, callId: 'c', name: 'terminal', executedBy: 'server' },
  { type: 'tool_call.ready', ...call, executedBy: 'server' },
  { type: 'approval.requested', ...call, ...approval, expiresAt: Date.UTC(2026, 0, 1, 10, 30) },
];
const DENIED: RunEvent[] = [
  { type: 'approval.resolved', ...approval, decision: 'deny', by: 'timeout' },
  { type: 'tool.completed', step: 1, callId: 'c', output: 'denied', isError: true, durationMs: 1 } as RunEvent,
  stepCompleted,
  { ...stepStarted, step: 2 },
  { type: 'text.delta', step: 2, text: 'I could not look.' },
  { ...stepCompleted, step: 2 },
  { type: 'run.completed', finishReason: 'stop' },
];

async function begin(path: string, body: object) {
  const known = await lab.runs();
  const answer = lab.ask(path, { method: 'POST', body: { model: 'talaria', ...body } });
  const runId = await lab.newRun(known);
  return { answer, runId, worker: await lab.work(runId) };
}

test.each(ROUTES)('a stream of %s says so while the call waits', async (path, body) => {
  const { answer, runId, worker } = await begin(path, { ...body, stream: true });
  await worker.say(...ASKED);
  const stream = await answer;
  await until(() => stream.text().includes(`POST /v1/runs/${runId}/approval`));
  await worker.say(...DENIED);
  expect(await stream.whole).toContain('I could not look.');
});

test.each(ROUTES)(
  'an answer of %s that comes whole says what was not made, and the run keeps none of it',
  async (path, body) => {
    const { answer, runId, worker } = await begin(path, body);
    await worker.say(...ASKED, ...DENIED);
    expect(await (await answer).whole).toContain('waited for your approval until 10:30 UTC');
    const kept = await (await lab.ask(`/v1/runs/${runId}`)).whole;
    expect([kept.includes('I could not look.'), kept.includes('waited for')]).toEqual([true, false]);
  },
);
