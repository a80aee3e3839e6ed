import type { Message, ModelRequest } from '#libs/contract';
import { demoProvider } from '#libs/providers';
import { listen, question, upstreamSettings, type Heard } from '../../support/model-lab.js';

const demo = demoProvider(upstreamSettings('demo'), { wordDelayMs: 0 });
const say = (content: string, overrides: Partial<ModelRequest> = {}): Promise<Heard> =>
  listen(demo, question('demo', { messages: [{ role: 'user', content }], ...overrides }));

const weather = {
  name: 'get_weather',
  parameters: {
    type: 'object',
    properties: {
      city: { type: 'string' },
      days: { type: 'integer', minimum: 3 },
      unit: { enum: ['celsius', 'fahrenheit'] },
      where: { $ref: '#/$defs/place' },
      note: { type: 'string' },
    },
    required: ['city', 'days', 'unit', 'where'],
    $defs: { place: { type: ['null', 'object'], properties: { url: { type: 'string' } }, required: ['url'] } },
  },
};
const ARGUMENTS = { city: 'demo', days: 3, unit: 'celsius', where: { url: 'https://example.com/' } };
const time = { name: 'current_time', parameters: { type: 'object', properties: { tz: { type: 'string' } } } };
const fetcher = {
  name: 'http_fetch',
  parameters: { type: 'object', properties: { url: { type: 'string' } }, required: ['url'] },
};

describe('text', () => {
  test('a greeting is greeted, and told how to get a real model', async () => {
    const { text, end } = await say('Hello there');
    expect(text).toMatch(/^Hello! I am the demo model/);
    expect(text).toContain('You said: "Hello there"');
    expect(text).toContain('OPENAI_API_KEY');
    expect(text).toContain('OPENAI_BASE_URL');
    expect(end?.finishReason).toBe('stop');
  });

  test('anything else is echoed, a long text shortened', async () => {
    expect((await say('What is 2 + 2?')).text).toContain('You said: "What is 2 + 2?"');
    expect((await say('x'.repeat(60_000))).text.length).toBeLessThan(1_500);
    expect((await say('')).text).toContain('You did not say anything yet.');
  });

  test('words are tokens: they come one by one and are counted', async () => {
    const { events, text, end } = await say('one two three', { system: 'Be brief.' });
    const words = text.trim().split(/\s+/).length;
    expect(events.filter(({ type }) => type === 'text')).toHaveLength(words);
    expect(end?.usage).toEqual({ inputTokens: 5, outputTokens: words, cachedInputTokens: 0, reasoningTokens: 0 });
  });

  test('the output limit and stop sequences are kept', async () => {
    const short = await say('Hello', { sampling: { outputTokensMax: 3 } });
    expect(short).toMatchObject({ text: 'Hello! I am ', end: { finishReason: 'length', usage: { outputTokens: 3 } } });
    const stopped = await say('Hello', { sampling: { stop: ['built', ' the'] } });
    expect(stopped).toMatchObject({ text: 'Hello! I am', end: { finishReason: 'stop' } });
    const exact = await say('Hello', { sampling: { outputTokensMax: 3, stop: [' the'] } });
    expect(exact.end?.finishReason).toBe('stop');
  });

  test('JSON is answered when it is asked for', async () => {
    const responseFormat = { type: 'json_schema' as const, name: 'w', schema: weather.parameters };
    expect(JSON.parse((await say('x', { sampling: { responseFormat } })).text)).toEqual(ARGUMENTS);
    const any = await say('a "b"', { sampling: { responseFormat: { type: 'json_object' } } });
    expect(JSON.parse(any.text)).toEqual({ model: 'demo', you_said: 'a "b"' });
  });
});

describe('tools', () => {
  const about = (city: string): object => ({ ...ARGUMENTS, city });
  const call = ({ calls }: Heard): [string, unknown][] =>
    calls.map(({ name, arguments: text }) => [name, JSON.parse(text)]);

  test.each<[string, Partial<ModelRequest>, [string, unknown][]]>([
    ['What time is it?', { tools: [fetcher, time] }, [['current_time', {}]]],
    ['What time is it?', { tools: [fetcher] }, []],
    ['Read https://a.example/b?c=1.', { tools: [fetcher, time] }, [['http_fetch', { url: 'https://a.example/b?c=1' }]]],
    ['Use get_weather for Oslo.', { tools: [time, weather] }, [['get_weather', about('Oslo')]]],
    ['Use get_weather', { tools: [weather] }, [['get_weather', ARGUMENTS]]],
    ['Use get_weather for São-Tomé!?', { tools: [weather] }, [['get_weather', about('São-Tomé')]]],
    ['Use get_weather for Oslo.', { tools: [weather], toolChoice: { kind: 'none' } }, []],
    ['Anything', { tools: [time, weather], toolChoice: { kind: 'required' } }, [['current_time', {}]]],
    [
      'Anything',
      { tools: [time, weather], toolChoice: { kind: 'named', name: 'get_weather' } },
      [['get_weather', about('Anything')]],
    ],
    [
      'What time is it?',
      { tools: [time, weather], toolChoice: { kind: 'allowed', mode: 'required', names: ['get_weather'] } },
      [['get_weather', about('it')]],
    ],
    [
      'get_weather and the time',
      { tools: [time, weather] },
      [
        ['current_time', {}],
        ['get_weather', about('time')],
      ],
    ],
    [
      'get_weather and the time',
      { tools: [time, weather], sampling: { parallelToolCalls: false } },
      [['current_time', {}]],
    ],
    ['Anything', { toolChoice: { kind: 'required' } }, []],
  ])('%s %j', async (content, overrides, expected) => {
    const heard = await say(content, overrides);
    expect(call(heard)).toEqual(expected);
    expect(heard.end?.finishReason).toBe(expected.length > 0 ? 'tool_calls' : 'stop');
    expect(heard.text === '').toBe(expected.length > 0);
  });

  test('results are answered, also when a tool is still demanded', async () => {
    const first = await say('What time is it?', { tools: [time] });
    const messages: Message[] = [
      { role: 'user', content: 'What time is it?' },
      { role: 'assistant', text: '', toolCalls: first.calls },
      { role: 'tool', callId: first.calls[0]?.callId ?? '', output: '12:34' },
    ];
    const second = await listen(demo, question('demo', { messages, tools: [time], toolChoice: { kind: 'required' } }));
    expect(second.text).toContain('current_time answered: 12:34');
    expect(second.calls).toEqual([]);
    const third = await listen(
      demo,
      question('demo', {
        messages: [...messages, { role: 'user', content: 'And what time is it now?' }],
        tools: [time],
      }),
    );
    expect(third.calls[0]?.callId).not.toBe(first.calls[0]?.callId);
  });

  test('a call that is longer than the limit is cut', async () => {
    const prose = {
      name: 'f',
      parameters: { type: 'object', properties: { t: { const: 'a b c d' } }, required: ['t'] },
    };
    const heard = await say('f', { tools: [prose], sampling: { outputTokensMax: 2 } });
    expect(heard).toMatchObject({ end: { finishReason: 'length' }, calls: [{ arguments: '{"t":"a b ' }] });
  });
});

test('an abort ends the pause between two words', async () => {
  const slow = demoProvider(upstreamSettings('demo'), { wordDelayMs: 60_000 });
  const abort = new AbortController();
  const heard = listen(slow, question('demo', { signal: abort.signal }));
  abort.abort(new Error('enough'));
  expect((await heard).error).toEqual(new Error('enough'));
});

test('words are paced by default', async () => {
  const at = performance.now();
  const { events } = await listen(
    demoProvider(upstreamSettings('demo')),
    question('demo', { sampling: { outputTokensMax: 10 } }),
  );
  expect(events).toHaveLength(11);
  expect(performance.now() - at).toBeGreaterThan(130);
});

test('offers the model demo', async () => {
  expect(await demo.listModels(new AbortController().signal)).toEqual(['demo']);
});
