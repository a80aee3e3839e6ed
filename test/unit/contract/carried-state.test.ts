import { answerMessages, EMPTY_SNAPSHOT, foldAll, type LoggedEvent, type RunEvent } from '#libs/contract';
import { logged } from '../../support/event-log.js';

const seal = { form: 'anthropic', signature: 's' } as const;
const usage = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 };
const step = { type: 'step.started', step: 1, model: 'm', upstream: 'u' } as const;
const call = { step: 1, callId: 'c', name: 'f', executedBy: 'client' } as const;
const end: RunEvent = { type: 'step.completed', step: 1, finishReason: 'tool_calls', usage };
const queued: RunEvent = { type: 'run.queued', runId: 'r', protocol: 'p', owner: 'o', model: 'm', echo: {} };

const thinking: RunEvent[] = [
  queued,
  step,
  { type: 'reasoning.delta', step: 1, text: 'A' },
  { type: 'reasoning.delta', step: 1, text: 'B', seal },
  { type: 'reasoning.delta', step: 1, text: 'C' },
  { type: 'text.delta', step: 1, text: 'Look.' },
  { type: 'reasoning.delta', step: 1, text: '', seal: { form: 'anthropic', encrypted: 'x' } },
  { type: 'tool_call.started', ...call },
  { type: 'tool_call.ready', ...call, arguments: '{}', extraContent: { google: { thought_signature: 't' } } },
  end,
];

test('a seal ends its block, and each block knows where it stood', () => {
  expect(answerMessages(foldAll(logged(thinking)))).toEqual([
    {
      role: 'assistant',
      text: 'Look.',
      reasoning: [
        { text: 'AB', seal },
        { text: 'C' },
        { text: '', seal: { form: 'anthropic', encrypted: 'x' }, at: { chars: 5, calls: 0 } },
      ],
      toolCalls: [{ callId: 'c', name: 'f', arguments: '{}', extraContent: { google: { thought_signature: 't' } } }],
    },
  ]);
});

test('folding event by event, or all at once, is the same', () => {
  const events = logged(thinking);
  const one = events.reduce((snapshot, event) => foldAll([event], snapshot), EMPTY_SNAPSHOT);
  expect(one).toEqual(foldAll(events));
});

/** During a rollout a process reads what a newer one writes, and the other way round. */
test('an event of a type that is not known yet changes nothing but the place in the log', () => {
  const [first, ...rest] = logged(thinking);
  const strange = { type: 'run.daydreamed', about: 'sheep', seq: 1, at: 5 } as unknown as LoggedEvent;
  const known = foldAll([first as LoggedEvent, ...rest]);
  const mixed = foldAll([first as LoggedEvent, strange, ...rest]);
  expect(mixed).toEqual(known);
});

test('a log without any of it reads as before', () => {
  const plain = thinking.map((event) => {
    const { seal: _, extraContent: __, ...old } = event as RunEvent & { seal?: unknown; extraContent?: unknown };
    return old as RunEvent;
  });
  expect(answerMessages(foldAll(logged(plain)))).toMatchObject([
    { text: 'Look.', reasoning: [{ text: 'ABC' }], toolCalls: [{ callId: 'c', arguments: '{}' }] },
  ]);
});
