import fc from '../../../support/property.js';
import { foldAll, NO_USAGE, type RunSnapshot } from '#libs/contract';
import { responseObject } from '#libs/protocols';
import { storedEvents } from '../../../../apps/api/src/runs/stored-events.js';
import { protocolNamed } from '../../../support/chat-request.js';
import { eventLogs } from '../../../support/event-log.js';
import { readResponses } from '../../../support/responses-grammar.js';
import { runSnapshot } from '../../../support/run-snapshot.js';
import { transcript } from '../../../support/transcript.js';

/** What a replay must give back; the numbers and times in between are not kept, and older rows lack the last type. */
function kept(snapshot: RunSnapshot): object {
  const { attempt: _a, lastSeq: _s, lastType: _t, startedAt: _b, updatedAt: _u, firstTokenAt: _f, ...rest } = snapshot;
  return rest;
}

const someUsage = { inputTokens: 7, outputTokens: 2, cachedInputTokens: 0, reasoningTokens: 0 };
const failed = { code: 'upstream_cut', message: 'The answer broke off.' } as const;
const call = {
  type: 'tool_call',
  step: 1,
  callId: 'call_1',
  name: 'lookup',
  arguments: '{"q":1}',
  status: 'completed',
  executedBy: 'server',
  ready: true,
  dispatched: true,
  output: 'x',
  isError: false,
  durationMs: 4,
};

/** A finished run with these fields, and without those that are undefined here. */
const finished = (fields: Record<string, unknown>): RunSnapshot =>
  JSON.parse(JSON.stringify({ ...runSnapshot(), ...fields })) as RunSnapshot;

test.each<[string, RunSnapshot]>([
  ['completed', finished({})],
  ['given metadata', finished({ metadata: { a: 'b' } })],
  [
    'cut off by its length',
    finished({ status: 'incomplete', incompleteReason: 'max_output_tokens', finishReason: undefined }),
  ],
  ['failed', finished({ status: 'failed', error: failed, finishReason: undefined })],
  [
    'cancelled while queued',
    finished({
      status: 'cancelled',
      cancelReason: 'requested',
      finishReason: undefined,
      steps: [],
      items: [],
      usage: NO_USAGE,
    }),
  ],
  [
    'executed with tools, reasoning and a lost step',
    finished({
      lastSeq: 40,
      steps: [
        { step: 1, status: 'completed', model: 'demo', upstream: 'demo', finishReason: 'tool_calls', usage: NO_USAGE },
        { step: 2, status: 'interrupted', model: 'demo', upstream: 'demo' },
        { step: 3, status: 'completed', model: 'demo', upstream: 'demo', finishReason: 'stop', usage: someUsage },
      ],
      items: [
        { type: 'reasoning', step: 1, status: 'completed', text: 'hm' },
        call,
        { type: 'text', step: 2, status: 'interrupted', text: 'lost' },
        { type: 'text', step: 3, status: 'completed', text: 'found' },
        { type: 'refusal', step: 3, status: 'completed', text: 'no' },
      ],
    }),
  ],
])('the events of a run that was %s fold back to it', (_, before) => {
  const events = storedEvents(before);
  const after = JSON.parse(JSON.stringify(foldAll(events))) as RunSnapshot;
  expect(kept(after)).toEqual(kept(before));
  const numbers = events.map((event) => event.seq);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(numbers.at(-1)).toBeGreaterThanOrEqual(before.lastSeq);
});

test('rows that kept no usage of single steps have it all at the last whole one', () => {
  const legacy = finished({
    steps: [{ step: 1, status: 'completed', model: 'demo', upstream: 'demo', finishReason: 'stop' }],
  });
  expect(foldAll(storedEvents(legacy)).usage).toEqual(legacy.usage);
});

test('a run that never ended has no stored end', () => {
  expect(() => storedEvents(runSnapshot({ status: 'running' }))).toThrow(
    expect.objectContaining({ code: 'run_log_lost' }),
  );
});

test('told as a Responses stream, any run gives the object that its log gave', () => {
  fc.assert(
    fc.property(eventLogs(), (events) => {
      const snapshot = foldAll(events);
      const { response } = readResponses(transcript(protocolNamed('openai-responses'), storedEvents(snapshot)));
      expect(response).toEqual(JSON.parse(JSON.stringify(responseObject(snapshot))));
    }),
    { numRuns: 300 },
  );
});

test('the time of the first word, and how often upstreams were asked, come back', () => {
  const before = finished({
    firstTokenAt: 1_790_000_000_004,
    steps: [{ step: 1, status: 'completed', model: 'demo', upstream: 'demo', attempts: 3, leftOut: ['top_p'] }],
  });
  const { firstTokenAt, steps } = foldAll(storedEvents(before));
  expect([firstTokenAt, steps]).toMatchObject([1_790_000_000_004, [{ attempts: 3, leftOut: ['top_p'] }]]);
});
