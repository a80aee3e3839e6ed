import { foldAll, type JsonObject, type RunEvent } from '#libs/contract';
import { withTimedOut, type Protocol } from '#libs/protocols';
import { protocolNamed } from '../../support/chat-request.js';
import { logged } from '../../support/event-log.js';
import { readResponses } from '../../support/responses-grammar.js';
import { transcript } from '../../support/transcript.js';

/** A call that waits for approval, told in words by every protocol whose clients may show nothing else. */
const RUN = `run_${'0a'.repeat(16)}`;
const usage = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 };
const SAYS = { saysApprovals: true };
const [chat, responses, messages] = ['openai-chat', 'openai-responses', 'anthropic-messages'].map(protocolNamed) as [
  Protocol,
  Protocol,
  Protocol,
];

const call = { step: 1, callId: 'c', name: 'terminal', arguments: '{"command":"ls"}' } as const;
const approval = { step: 1, callId: 'c', approvalId: `apr_${'1'.repeat(24)}` } as const;
const say = (step: number, text: string): RunEvent => ({ type: 'text.delta', step, text });

function eventsOf(protocol: Protocol, echo: JsonObject, by: 'timeout' | 'user' = 'timeout'): RunEvent[] {
  const decision = by === 'timeout' ? 'deny' : 'once';
  return [
    { type: 'run.queued', runId: RUN, protocol: protocol.name, owner: 'alice', model: 'demo', echo },
    { type: 'run.started', attempt: 1, worker: 'w' },
    { type: 'step.started', step: 1, model: 'm', upstream: 'u' },
    say(1, 'Let me look.'),
    { type: 'tool_call.started', step: 1, callId: 'c', name: 'terminal', executedBy: 'server' },
    { type: 'tool_call.ready', ...call, executedBy: 'server' },
    { type: 'approval.requested', ...call, ...approval, expiresAt: Date.UTC(2026, 0, 1, 10, 30) },
    { type: 'approval.resolved', ...approval, decision, by },
    { type: 'tool.completed', step: 1, callId: 'c', output: 'denied', isError: true, durationMs: 1 } as RunEvent,
    { type: 'step.completed', step: 1, finishReason: 'tool_calls', usage },
    { type: 'step.started', step: 2, model: 'm', upstream: 'u' },
    say(2, 'I could not look.'),
    { type: 'step.completed', step: 2, finishReason: 'stop', usage },
    { type: 'run.completed', finishReason: 'stop' },
  ];
}

const streamOf = (protocol: Protocol, echo: JsonObject): string =>
  transcript(protocol, logged(eventsOf(protocol, echo)));

describe('in a stream', () => {
  test.each([
    ['Chat Completions', chat],
    ['Responses', responses],
    ['Messages', messages],
  ])('of %s it is told while the call waits, and only where it was asked for', (_name, protocol) => {
    const stream = streamOf(protocol, SAYS);
    expect(stream).toContain('waits for your approval');
    expect(stream).toContain(`POST /v1/runs/${RUN}/approval`);
    expect(stream.indexOf('waits for your approval')).toBeLessThan(stream.indexOf('I could not look.'));
    expect(streamOf(protocol, {})).not.toContain('waits for your approval');
  });

  test('of Responses it is an item of its own, in the grammar of the stream and in its last event', () => {
    const events = logged(eventsOf(responses, SAYS));
    const read = readResponses(transcript(responses, events));
    const output = JSON.stringify(read);
    expect(output).toContain('waits for your approval');
    // What is kept has nothing of it.
    expect(JSON.stringify(responses.final(foldAll(events)))).not.toContain('waits for your approval');
  });

  test('of Messages it is a block of its own', () => {
    const stream = streamOf(messages, SAYS);
    const starts = [...stream.matchAll(/"content_block_start","index":(\d+)/g)].map(([, index]) => Number(index));
    const stops = [...stream.matchAll(/"content_block_stop","index":(\d+)/g)].map(([, index]) => Number(index));
    expect(starts).toEqual(starts.map((_, i) => i));
    expect(stops).toEqual(starts);
    expect(stream.endsWith('data: {"type":"message_stop"}\n\n')).toBe(true);
  });
});

describe('in an answer that comes whole', () => {
  const final = (protocol: Protocol, echo: JsonObject, by: 'timeout' | 'user' = 'timeout'): string =>
    JSON.stringify(protocol.final(withTimedOut(foldAll(logged(eventsOf(protocol, echo, by))))));

  test.each([
    ['Chat Completions', chat],
    ['Responses', responses],
    ['Messages', messages],
  ])('of %s it is told behind the text when nobody answered in time', (_name, protocol) => {
    const answer = final(protocol, SAYS);
    expect(answer).toContain('I could not look.\\n\\n> `terminal`: ls waited for your approval until 10:30 UTC');
    expect(answer).toContain('/inbox');
    expect(final(protocol, {})).not.toContain('waited for your approval');
    expect(final(protocol, SAYS, 'user')).not.toContain('waited for your approval');
  });

  test('an answer without text is the words alone', () => {
    const events = eventsOf(chat, SAYS).filter(({ type }) => type !== 'text.delta');
    const { items } = withTimedOut(foldAll(logged(events)));
    expect(items.at(-1)).toMatchObject({ type: 'text', text: expect.stringMatching(/^> `terminal`/) });
  });
});

describe('the words that come back with a client’s history are not shown to the model', () => {
  const words = '> `terminal`: ls waits for your approval.';
  const asked = { hermesClient: false, messageTextCharsMax: 100_000, saysApprovals: true };
  const said = streamOf(chat, SAYS);
  const told = /"content":"((?:[^"\\]|\\.)*waits for your approval(?:[^"\\]|\\.)*)"/.exec(said)?.[1] ?? '';
  const text = JSON.parse(`"${told}"`) as string;
  const late = withTimedOut(foldAll(logged(eventsOf(chat, SAYS))));
  const lateText = late.items.flatMap((item) => (item.type === 'text' ? [item.text] : [])).join('');

  test.each([
    [
      'Messages',
      messages,
      {
        max_tokens: 9,
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', content: [{ type: 'text', text }] },
          { role: 'user', content: 'r' },
        ],
      },
    ],
    [
      'Responses',
      responses,
      {
        input: [
          { role: 'user', content: 'q' },
          { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: text.trim() }] },
          { type: 'item_reference', id: `msg_apr_${'1'.repeat(24)}` },
          { role: 'user', content: 'r' },
        ],
      },
    ],
  ])('%s', (_name, protocol, body) => {
    expect(text).toContain(words.slice(2));
    const draft = protocol.decode(Object.assign(new protocol.dto(), { model: 'demo', ...body }), asked);
    expect(JSON.stringify([draft.messages, draft.input ?? []])).not.toContain('msg_apr_');
    expect(JSON.stringify(draft.messages)).not.toContain('waits for your approval');
    expect(draft.messages.filter(({ role }) => role === 'user')).toHaveLength(2);
    expect(draft.echo).toMatchObject(SAYS);
  });

  test('the later words come off, too', () => {
    const body = {
      messages: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: lateText },
        { role: 'user', content: 'r' },
      ],
    };
    const draft = chat.decode(Object.assign(new chat.dto(), { model: 'demo', ...body }), asked);
    expect(lateText).toContain('waited for your approval');
    expect(JSON.stringify(draft.messages)).not.toContain('waited for your approval');
    expect(JSON.stringify(draft.messages)).toContain('I could not look.');
  });

  test('an answer that has to be JSON gets none', () => {
    const body = { messages: [{ role: 'user', content: 'q' }], response_format: { type: 'json_object' } };
    const draft = chat.decode(Object.assign(new chat.dto(), { model: 'demo', ...body }), asked);
    expect(draft.echo).not.toHaveProperty('saysApprovals');
  });
});
