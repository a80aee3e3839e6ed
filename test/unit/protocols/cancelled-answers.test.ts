import { foldAll, type CancelReason, type LoggedEvent, type RunEvent } from '#libs/contract';
import { responseObject } from '#libs/protocols';
import { protocolNamed } from '../../support/chat-request.js';
import { stepCompleted, stepStarted } from '../../support/scripted-worker.js';
import { transcript } from '../../support/transcript.js';

/** A run that was cancelled never looks like one that said all it had to say, wherever it was cancelled. */
const REASONS: readonly CancelReason[] = ['requested', 'client_disconnected'];
const call = { step: 1, callId: 'call_1', name: 'clock', executedBy: 'server' } as const;
const PLACES: readonly (readonly [string, readonly RunEvent[]])[] = [
  ['in the queue', []],
  ['before the first word', [stepStarted]],
  ['in the middle of the answer', [stepStarted, { type: 'text.delta', step: 1, text: 'Half of' }]],
  [
    'in a tool',
    [
      stepStarted,
      { type: 'tool_call.started', ...call },
      { type: 'tool_call.ready', ...call, arguments: '{}' },
      { type: 'tool.started', step: 1, callId: 'call_1', name: 'clock' },
    ],
  ],
  ['behind its last word', [stepStarted, { type: 'text.delta', step: 1, text: 'All.' }, stepCompleted]],
];
const CASES = PLACES.flatMap(([where, events]) => REASONS.map((reason) => [where, reason, events] as const));

function logOf(protocol: string, events: readonly RunEvent[], reason: CancelReason): LoggedEvent[] {
  const queued = { type: 'run.queued', runId: `run_${'0a'.repeat(16)}`, protocol, owner: 'alice', model: 'm' } as const;
  const started = { type: 'run.started', attempt: 1, worker: 'w' } as const;
  const begun: RunEvent[] = events.length > 0 ? [started, ...events] : [];
  const all: RunEvent[] = [{ ...queued, echo: {} }, ...begun, { type: 'run.cancelled', reason }];
  return all.map((event, i) => ({ ...event, seq: i + 1, at: i }));
}

const streamed = (protocol: string, events: readonly RunEvent[], reason: CancelReason): string =>
  transcript(protocolNamed(protocol), logOf(protocol, events, reason));

test.each(CASES)('Chat Completions, cancelled %s (%s): the stream ends with an error', (_where, reason, events) => {
  const stream = streamed('openai-chat', events, reason);
  expect(stream).toContain('"code":"run_cancelled"');
  expect(stream).not.toMatch(/"finish_reason":"/);
});

test.each(CASES)('Responses, cancelled %s (%s): streamed and whole', (_where, reason, events) => {
  const stream = streamed('openai-responses', events, reason);
  expect(stream).toContain('event: response.failed');
  expect(stream).not.toContain('response.completed');
  const whole = responseObject(foldAll(logOf('openai-responses', events, reason)));
  expect(whole).toMatchObject({ status: 'cancelled' });
});

test.each(CASES)('Messages, cancelled %s (%s): the stream ends with an error', (_where, reason, events) => {
  const stream = streamed('anthropic-messages', events, reason);
  expect(stream).toContain('event: error');
  expect(stream).not.toContain('message_stop');
  expect(stream).not.toMatch(/"stop_reason":"/);
});
