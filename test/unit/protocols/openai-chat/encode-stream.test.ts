import type { JsonObject, RunEvent } from '#libs/contract';
import { protocolNamed } from '../../../support/chat-request.js';
import { readChat } from '../../../support/chat-stream.js';
import { logged } from '../../../support/event-log.js';
import { transcript } from '../../../support/transcript.js';

const chat = protocolNamed('openai-chat');
const usage = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 };

function begun(echo: JsonObject = {}): RunEvent[] {
  return [
    { type: 'run.queued', runId: 'run_7', protocol: 'openai-chat', owner: 'alice', model: 'demo', echo },
    { type: 'run.started', attempt: 1, worker: 'w' },
    { type: 'step.started', step: 1, model: 'm', upstream: 'u' },
  ];
}
const text = (words: string, logprobs?: JsonObject[]): RunEvent => ({
  type: 'text.delta',
  step: 1,
  text: words,
  ...(logprobs && { logprobs }),
});
const think = (words: string): RunEvent => ({ type: 'reasoning.delta', step: 1, text: words });
const end: RunEvent[] = [
  { type: 'step.completed', step: 1, finishReason: 'stop', usage },
  { type: 'run.completed', finishReason: 'stop' },
];
const clientCall = (callId: string): RunEvent => ({
  type: 'tool_call.started',
  step: 1,
  callId,
  name: 'f',
  executedBy: 'client',
});
const fragment = (callId: string, delta: string): RunEvent => ({
  type: 'tool_call.arguments.delta',
  step: 1,
  callId,
  delta,
});
const ready = (callId: string, args: string): RunEvent => ({
  type: 'tool_call.ready',
  step: 1,
  callId,
  name: 'f',
  arguments: args,
  executedBy: 'client',
});
const read = (...events: RunEvent[]) => readChat(transcript(chat, logged(events)));

describe('the Chat Completions stream', () => {
  test('the role chunk comes with the start of the run, before the model says anything', () => {
    const opening = transcript(chat, logged(begun()));
    expect(opening).toBe(
      'data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1790000000,"model":"demo","choices":' +
        '[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}\n\n',
    );
    expect(transcript(chat, logged(begun().slice(0, 1)))).toBe('');
  });

  test('a second attempt does not open the stream again', () => {
    const { chunks } = read(...begun(), { type: 'run.started', attempt: 2, worker: 'x' }, ...end);
    expect(chunks).toHaveLength(2);
  });

  test.each([{}, { logprobs: true }])('what one step says is one text, whatever comes in between; %j', (echo) => {
    const says = (words: string): RunEvent => text(words, []);
    const one = [says('{"a":'), think('x'), says(''), says('1'), clientCall('a'), think('y'), says('}')];
    const { content, reasoning } = read(...begun(echo), ...one, ready('a', '{}'), ...end);
    expect([content, reasoning]).toEqual(['{"a":1}', 'xy']);
  });

  test('the texts of two steps are apart', () => {
    const [first, ...rest] = end;
    const two: RunEvent[] = [
      { type: 'step.started', step: 2, model: 'm', upstream: 'u' },
      { type: 'text.delta', step: 2, text: 'b' },
    ];
    const steps = read(...begun(), text('a'), ...(first ? [first] : []), ...two, ...rest);
    expect(steps.content).toBe('a\n\nb');
  });

  test('arguments that came without deltas are sent when they are whole', () => {
    const { calls } = read(
      ...begun(),
      clientCall('a'),
      clientCall('b'),
      fragment('b', '{"x"'),
      ready('a', '{"y":2}'),
      ready('b', '{"x":1}'),
      { type: 'step.completed', step: 1, finishReason: 'tool_calls', usage },
      { type: 'run.completed', finishReason: 'tool_calls' },
    );
    expect(calls).toEqual([
      { id: 'a', name: 'f', arguments: '{"y":2}' },
      { id: 'b', name: 'f', arguments: '{"x":1}' },
    ]);
  });

  test('arguments that contradict what was sent end the stream with an error', () => {
    const { error, finish } = read(...begun(), clientCall('a'), fragment('a', '{"x"'), ready('a', '{"y":2}'), ...end);
    expect(error).toMatchObject({ code: 'internal_error' });
    expect(finish).toBeNull();
  });

  test('the end of a tool whose start was not shown is dropped', () => {
    const done: RunEvent = {
      type: 'tool.completed',
      step: 1,
      callId: 'zz',
      name: 'clock',
      output: '',
      isError: false,
      durationMs: 1,
    };
    expect(read(...begun(), done, ...end).sideEvents).toEqual([]);
  });

  test('finish_reason tool_calls needs a call of the caller', () => {
    const { finish } = read(...begun(), text('x'), { type: 'run.completed', finishReason: 'tool_calls' });
    expect(finish).toBe('stop');
  });

  test('logprobs are passed on when asked for, also without text', () => {
    const token = { token: 'a', logprob: -1 };
    const events = [text('a', [token]), text('', [token]), think('x'), text('', [token]), text('b', [token]), ...end];
    const told = (echo: JsonObject) =>
      read(...begun(echo), ...events).chunks.map(
        ({ choices }) => (choices as unknown as JsonObject[])[0]?.['logprobs'],
      );
    const some = { content: [token], refusal: null };
    expect(told({ logprobs: true })).toEqual([null, some, some, null, some, some, null]);
    expect(new Set(told({}))).toEqual(new Set([null]));
    expect(read(...begun({ logprobs: true }), ...events).content).toBe('ab');
  });

  test('the published usage wins over the one of Hermes', () => {
    const { chunks } = read(...begun({ includeUsage: true, usageOnFinish: true }), text('x'), ...end);
    expect(chunks.at(-2)?.['usage']).toBeNull();
    expect(chunks.at(-1)?.['usage']).toMatchObject({ prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 });
  });

  test('nothing follows [DONE]', () => {
    const events = logged([...begun(), text('a'), ...end]);
    expect(transcript(chat, [...events, ...logged([text('b'), ...end])])).toBe(transcript(chat, events));
  });

  test.each([
    ['client_disconnected', 'The run was cancelled because its client disconnected.'],
    ['requested', 'The run was cancelled.'],
  ] as const)('cancelled: %s', (reason, message) => {
    const { error } = read(...begun(), { type: 'run.cancelled', reason });
    expect(error).toEqual({ message, type: 'cancelled_error', param: null, code: 'run_cancelled' });
  });

  test('a broken step is passed over in silence while only reasoning and the gateway’s own calls were seen', () => {
    const own: RunEvent = { type: 'tool_call.started', step: 1, callId: 's', name: 'clock', executedBy: 'server' };
    const lost: RunEvent = { type: 'step.interrupted', step: 1, reason: 'worker_lost' };
    expect(read(...begun(), think('x'), own, fragment('s', '{}'), text(''), lost, ...end).error).toBeNull();
    for (const said of [text('a'), clientCall('c'), { ...think('no'), type: 'refusal.delta' } as RunEvent]) {
      expect(read(...begun(), said, lost, ...end).error).toMatchObject({ code: 'worker_lost' });
    }
  });

  test('the label of a tool is its telling argument, on one line and short', () => {
    const label = (args: string) => {
      const call = { step: 1, callId: 's', name: 'search' } as const;
      const events: RunEvent[] = [
        { type: 'tool_call.started', ...call, executedBy: 'server' },
        { type: 'tool_call.ready', ...call, arguments: args, executedBy: 'server' },
        { type: 'tool.started', ...call },
      ];
      return read(...begun(), ...events, ...end).sideEvents[0]?.['label'];
    };
    expect(label('{"deep":{"a":1},"q":"the  way\\nhome"}')).toBe('the way home');
    expect(label('{"n":7}')).toBe('7');
    expect(label('{"q":" "}')).toBe('search');
    expect(label('not json')).toBe('search');
    expect(label('["x"]')).toBe('search');
    expect(label(`{"q":"${'x'.repeat(500)}"}`)).toBe(`${'x'.repeat(79)}…`);
    expect(label(`{"q":"${'x'.repeat(78)}😀yy"}`)).toBe(`${'x'.repeat(78)}…`);
  });
});

describe('a call that waits for approval', () => {
  const call: RunEvent[] = [
    { type: 'tool_call.started', step: 1, callId: 'c', name: 'terminal', executedBy: 'server' },
    {
      type: 'tool_call.ready',
      step: 1,
      callId: 'c',
      name: 'terminal',
      arguments: '{"command":"ls `pwd`"}',
      executedBy: 'server',
    },
    {
      type: 'approval.requested',
      step: 1,
      callId: 'c',
      approvalId: 'apr_1',
      name: 'terminal',
      arguments: '{"command":"ls `pwd`"}',
      expiresAt: Date.UTC(2026, 0, 1, 10, 30),
    },
  ];

  test('is said in the text, with how to allow it and until when', () => {
    const stream = transcript(chat, logged([...begun({ saysApprovals: true }), text('Let me look.'), ...call]));
    const deltas = [...stream.matchAll(/"delta":\{"content":("(?:[^"\\]|\\.)*")\}/g)].map(
      ([, json]) => JSON.parse(json ?? '') as string,
    );
    const said = deltas.join('');
    expect(said).toContain("Let me look.\n\n> `terminal`: ls 'pwd' waits for your approval.");
    expect(said).toContain('/inbox');
    expect(said).toContain('`POST /v1/runs/run_7/approval`');
    expect(said).toContain('at 10:30 UTC');
    expect(stream).toContain('event: hermes.tool.progress');
  });

  test('is not said where nobody asked for it', () => {
    expect(transcript(chat, logged([...begun(), ...call]))).not.toContain('waits for your approval');
  });
});
