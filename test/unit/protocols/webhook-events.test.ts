import { webhookEvents } from '#libs/protocols';
import { runSnapshot } from '../../support/run-snapshot.js';

const typesOf = (run: Parameters<typeof webhookEvents>[0]): string[] => webhookEvents(run).map(({ event }) => event);

test.each(['completed', 'failed', 'incomplete', 'cancelled'] as const)('an end is told: %s', (status) => {
  expect(typesOf(runSnapshot({ status, protocol: 'runs' }))).toEqual([`run.${status}`]);
  expect(typesOf(runSnapshot({ status, protocol: 'openai-responses' }))).toEqual([
    `run.${status}`,
    `response.${status}`,
  ]);
});

test('a run that goes on tells nothing, and one that waits tells each open request without its arguments', () => {
  const call = {
    type: 'tool_call',
    step: 1,
    status: 'in_progress',
    callId: 'c1',
    name: 'shell',
    arguments: '{"secret":1}',
    executedBy: 'server',
    ready: true,
    dispatched: false,
    approval: { approvalId: 'apr_1', requestedAt: 1_000, expiresAt: 2_000 },
  } as const;
  expect(typesOf(runSnapshot({ status: 'running' }))).toEqual([]);
  const [told, ...others] = webhookEvents(runSnapshot({ status: 'waiting_for_approval', items: [call] }));
  expect(others).toEqual([]);
  expect(told).toMatchObject({ event: 'run.waiting_for_approval', part: 'apr_1' });
  expect(told?.body).not.toContain('secret');
  expect(JSON.parse(told?.body ?? '')).toMatchObject({
    type: 'run.waiting_for_approval',
    data: { approval: { request_id: 'apr_1', tool: 'shell', kind: 'approval', expires_at: 2 } },
  });
});
