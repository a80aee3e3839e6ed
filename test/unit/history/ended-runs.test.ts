import fc from '../../support/property.js';
import { foldAll, turnOf, type Message, type RunEvent, type RunSnapshot } from '#libs/contract';
import { joinConversation } from '#libs/history';
import { itemsToMessages, outputItems } from '#libs/protocols';
import { eventLogs, logged } from '../../support/event-log.js';

const queued: RunEvent = {
  type: 'run.queued',
  runId: `run_${'0a'.repeat(16)}`,
  protocol: 'openai-responses',
  owner: 'alice',
  model: 'demo',
  echo: { fields: {} },
};
const usage = { inputTokens: 3, outputTokens: 2, cachedInputTokens: 1, reasoningTokens: 0 };
const step = (n: number): RunEvent => ({ type: 'step.started', step: n, model: 'm', upstream: 'u' });
const text = (n: number, words: string): RunEvent => ({ type: 'text.delta', step: n, text: words });
const call = { step: 1, callId: 'c1', name: 'clock' } as const;
const callStarted = (executedBy: 'client' | 'server'): RunEvent => ({ type: 'tool_call.started', ...call, executedBy });
const half: RunEvent = { type: 'tool_call.arguments.delta', step: 1, callId: 'c1', delta: '{"ci' };
const ready: RunEvent = { type: 'tool_call.ready', ...call, arguments: '{}', executedBy: 'server' };
const cancelled: RunEvent = { type: 'run.cancelled', reason: 'requested' };
const cut = (n: number): RunEvent[] => [
  { type: 'step.completed', step: n, finishReason: 'length', usage },
  { type: 'run.incomplete', reason: 'max_output_tokens' },
];

const ended = (...events: readonly RunEvent[]): RunSnapshot => foldAll(logged([queued, ...events]));
/** What is told of a run to one that continues it by its id, and to one in the same conversation object. */
const told = (snapshot: RunSnapshot) => ({
  inChain: joinConversation([turnOf(snapshot, undefined)], []),
  inConversation: joinConversation([], itemsToMessages(outputItems(snapshot))),
});
const says = (words: string, ...callIds: string[]): Message => ({
  role: 'assistant',
  text: words,
  toolCalls: callIds.map((callId) => ({ callId, name: 'clock', arguments: '{}' })),
});
const result = (output: string): Message => ({ role: 'tool', callId: 'c1', output });

describe('a run that has ended, as its continuations are told of it', () => {
  test.each<[string, RunEvent[], Message[]]>([
    [
      'a call that was cut is left out',
      [step(1), text(1, 'Now.'), callStarted('client'), half, ...cut(1)],
      [says('Now.')],
    ],
    ['with its message when that is all', [step(1), callStarted('client'), half, ...cut(1)], []],
    ['the text of a cancelled step stays', [step(1), text(1, 'Half an'), cancelled], [says('Half an')]],
    [
      'also when its worker was lost',
      [step(1), text(1, 'Half an'), { type: 'step.interrupted', step: 1, reason: 'worker_lost' }, cancelled],
      [says('Half an')],
    ],
    [
      'but not one that was begun anew',
      [
        step(1),
        text(1, 'Half an'),
        { type: 'step.interrupted', step: 1, reason: 'worker_lost' },
        step(2),
        text(2, 'Another'),
        cancelled,
      ],
      [says('Another')],
    ],
    [
      'nothing came of a call that was never executed',
      [step(1), text(1, 'Let me look.'), callStarted('server'), ready, cancelled],
      [says('Let me look.')],
    ],
    [
      'the outcome of one that was executed is not known',
      [step(1), callStarted('server'), ready, { type: 'tool.started', ...call }, cancelled],
      [says('', 'c1'), { ...result('No result of this call was given.'), isError: true } as Message],
    ],
    [
      'a result stays',
      [
        step(1),
        callStarted('server'),
        ready,
        { type: 'tool.started', ...call },
        { type: 'tool.completed', ...call, output: 'noon', isError: false, durationMs: 5 },
        cancelled,
      ],
      [says('', 'c1'), result('noon')],
    ],
  ])('%s', (_name, events, messages) => {
    const { inChain, inConversation } = told(ended(...events));
    expect(inChain).toEqual(messages);
    expect(inConversation).toEqual(messages);
  });

  test('is the same by its id and in a conversation object', () => {
    fc.assert(
      fc.property(eventLogs(), (log) => {
        // Of a step that was begun anew, a text that another item followed was shown as whole; items keep that one.
        fc.pre(!log.some(({ type }) => type === 'step.interrupted'));
        // Items of a conversation object show images to their reader, not to the model.
        fc.pre(!log.some((event) => event.type === 'text.delta' && event.image !== undefined));
        // What the user put in while the run went on is no item, and neither are the gateway's internal calls.
        const shown = log.map((event) => ('name' in event ? { ...event, name: event.name.replace(/^_/, '') } : event));
        const { inChain, inConversation } = told({ ...foldAll(shown), steers: [], echo: {} });
        expect(inChain.map(plain)).toEqual(inConversation.map(plain));
      }),
    );
  });
});

/**
 * Items know nothing of errors and keep the pieces of a text apart. Reasoning that nothing follows has no message to go
 * back with when it is read from items; the tests of reasoning compare the rest of it.
 */
function plain(message: Message): unknown {
  if (message.role === 'tool') return { ...message, isError: undefined };
  if (message.role !== 'assistant') return message;
  const { reasoning: _, ...said } = message;
  return { ...said, text: said.text.replaceAll('\n', ''), refusal: said.refusal?.replaceAll('\n', '') };
}
