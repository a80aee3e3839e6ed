import type { RunEvent } from '#libs/contract';
import { startApiLab, type ApiLab } from '../../../support/api-lab.js';
import { stepStarted } from '../../../support/scripted-worker.js';

/** What SDKs are told of whole answers that failed: behind a tool that has acted, they must not ask again. */
let lab: ApiLab;
beforeAll(async () => {
  lab = await startApiLab(1);
});
afterAll(() => lab.close());

const call = { step: 1, callId: 'call_1', name: 'terminal', executedBy: 'server' } as const;
const CALLED: readonly RunEvent[] = [
  stepStarted,
  { type: 'tool_call.started', ...call },
  { type: 'tool_call.ready', ...call, arguments: '{}' },
];
const ACTED: RunEvent = { type: 'tool.started', step: 1, callId: 'call_1', name: 'terminal' };
const error = { code: 'upstream_unreachable', message: 'The upstream cannot be reached.' } as const;

const ROUTES = [
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }],
  ['/v1/responses', { input: 'Hi' }],
  ['/v1/messages', { model: 'talaria', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] }],
] as const;

test.each(ROUTES)('%s: x-should-retry is false once a server tool has acted, and absent before', async (path, body) => {
  for (const [events, expected] of [
    [[...CALLED, ACTED], 'false'],
    [CALLED, undefined],
  ] as const) {
    const known = await lab.runs();
    const asking = lab.ask(path, { method: 'POST', body });
    const worker = await lab.work(await lab.newRun(known));
    await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, ...events, { type: 'run.failed', error });
    const { response } = await asking;
    expect(response.headers['x-should-retry']).toBe(expected);
  }
});

test.each(ROUTES)('%s: a whole answer that was cancelled behind its words is an error', async (path, body) => {
  const known = await lab.runs();
  const asking = lab.ask(path, { method: 'POST', body });
  const worker = await lab.work(await lab.newRun(known));
  const said: RunEvent = { type: 'text.delta', step: 1, text: 'Half of' };
  await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted, said);
  await worker.say({ type: 'run.cancelled', reason: 'requested' });
  const { response, whole } = await asking;
  expect(response.statusCode).toBeGreaterThanOrEqual(400);
  const answer = await whole;
  expect(answer).toContain('cancelled');
  expect(answer).not.toMatch(/"(finish_reason|stop_reason)":/);
});
