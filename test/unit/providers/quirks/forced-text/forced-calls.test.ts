import type { ClientTool, ModelEvent } from '#libs/contract';
import fc from '../../../../support/property.js';
import { callsFromText } from '../../../../../libs/providers/src/quirks/forced-text/forced-calls.js';
import { says } from '../../../../support/agent-lab.js';

const weather: ClientTool = {
  name: 'weather',
  parameters: { type: 'object', properties: { city: { type: 'string' }, days: {} }, required: ['city'] },
};
const ping: ClientTool = { name: 'ping', parameters: { type: 'object', properties: { host: {} } } };

async function* streamOf(events: readonly ModelEvent[]): AsyncGenerator<ModelEvent> {
  yield* events;
}

async function readAll(events: readonly ModelEvent[], tools: readonly ClientTool[]): Promise<ModelEvent[]> {
  const out: ModelEvent[] = [];
  for await (const event of callsFromText(streamOf(events), { tools, callId: 'call_x' })) out.push(event);
  return out;
}

const converted = (events: readonly ModelEvent[]): unknown => {
  const args = events.find((event) => event.type === 'tool_arguments');
  const call = events.find((event) => event.type === 'tool_call');
  return call?.type === 'tool_call' && args?.type === 'tool_arguments'
    ? [call.name, JSON.parse(args.delta)]
    : undefined;
};
const textIn = (events: readonly ModelEvent[]): string =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('');

const CALLS: [string, string, unknown][] = [
  ['bare arguments', '{"city":"Bonn","days":2}', { city: 'Bonn', days: 2 }],
  ['bare arguments with space around', '\n {"city": "B\\"}\\n"}\n', { city: 'B"}\n' }],
  ['name and arguments', '{"name":"weather","arguments":{"city":"Bonn"}}', { city: 'Bonn' }],
  ['name and arguments as text', '{"name":"weather","arguments":"{\\"city\\":\\"Bonn\\"}"}', { city: 'Bonn' }],
  ['a json block', '```json\n{"city": "Bonn"}\n```', { city: 'Bonn' }],
  ['a json block with a call', '```json \n{"name":"weather","arguments":{"city":"Bonn"}}```\n', { city: 'Bonn' }],
  ['a tool_code block with JSON', '```tool_code\n{"city": "Bonn"}\n```', { city: 'Bonn' }],
  ['a Python call', '```tool_code\nweather(city="Bonn", days=3)\n```', { city: 'Bonn', days: 3 }],
  ['a printed Python call', "```tool_code\nprint(api.weather(city='B`o\\nn', days=[1, None]))\n```", null],
];

describe('a forced call that was written down as text', () => {
  test.each(CALLS)('%s becomes a call', async (_what, text, args) => {
    const out = await readAll([says.text(text), says.end()], [weather]);
    expect(converted(out)).toEqual(['weather', args ?? { city: 'B`o\nn', days: [1, null] }]);
    expect(textIn(out)).toBe('');
    expect(out.at(-1)).toEqual(says.end());
  });

  test('a single positional value counts when there is one parameter', async () => {
    const out = await readAll([says.text('```tool_code\nping("a.b")\n```'), says.end()], [weather, ping]);
    expect(converted(out)).toEqual(['ping', { host: 'a.b' }]);
    const two = await readAll([says.text('```tool_code\nweather("a")\n```'), says.end()], [weather, ping]);
    expect(converted(two)).toBeUndefined();
  });

  test.each<[string, string]>([
    ['prose', 'The weather is fine.'],
    ['prose after an object', '{"city":"Bonn"} is what I would ask.'],
    ['a block of another language', '```python\nweather(city="x")\n```'],
    ['a block without an end', '```json\n{"city":"Bonn"}'],
    ['text after the block', '```json\n{"city":"Bonn"}\n``` Shall I?'],
    ['an array', '["city"]'],
    ['an object of something else', '{"town":"Bonn"}'],
    ['an object with something unknown', '{"city":"Bonn","why":"no"}'],
    ['a call of another tool', '{"name":"rm","arguments":{}}'],
    ['a call of another function', '```tool_code\nrm(city="Bonn")\n```'],
    ['Python that is no call', '```tool_code\nx = weather(city="Bonn")\n```'],
    ['Python with an expression', '```tool_code\nweather(city=a + b)\n```'],
    ['nothing', ''],
  ])('%s stays text', async (_what, text) => {
    const events = [says.text(text), says.end()];
    expect(await readAll(events, [weather])).toEqual(events);
  });

  test.each(['length', 'content_filter'] as const)(
    'a text that ended with %s may be cut off and stays text',
    async (why) => {
      const events = [says.text('{"city":"Bonn"}'), says.end(why)];
      expect(await readAll(events, [weather])).toEqual(events);
    },
  );

  test('text beside a real call stays text', async () => {
    const events = [says.text('{"city":"A"}'), ...says.call('c', 'weather', '{"city":"B"}'), says.end('tool_calls')];
    expect(await readAll(events, [weather])).toEqual(events);
  });

  test('bare arguments could be meant for either of two tools, so they stay text', async () => {
    const events = [says.text('{"city":"Bonn"}'), says.end()];
    expect(await readAll(events, [weather, ping])).toEqual(events);
  });

  test('reasoning flows on, before and around the call', async () => {
    const reasoning: ModelEvent = { type: 'reasoning', text: 'hm' };
    const out = await readAll([reasoning, says.text('{"city"'), reasoning, says.text(':"B"}'), says.end()], [weather]);
    expect(out.map(({ type }) => type)).toEqual(['reasoning', 'reasoning', 'tool_call', 'tool_arguments', 'end']);
  });
});

describe('holding back', () => {
  /** The events that come out before the model has said its last word. */
  async function early(deltas: readonly string[]): Promise<string> {
    let said = 0;
    const out: ModelEvent[] = [];
    async function* stream(): AsyncGenerator<ModelEvent> {
      for (const text of deltas) {
        said += 1;
        yield says.text(text);
      }
      yield says.end();
    }
    for await (const event of callsFromText(stream(), { tools: [weather], callId: 'c' })) {
      if (event.type === 'text' && said < deltas.length) out.push(event);
    }
    return textIn(out);
  }

  test.each<[readonly string[], string]>([
    [['Hello', ' there', '.'], 'Hello there'],
    [['{', 'what', ' ever'], '{what'],
    [['{"a" ', '"b"', 'c'], '{"a" "b"'],
    [['``', '`py', 'x'], '```py'],
    [['{"city":', '"x', '"} '], ''],
    [['```json\n', '{"city":', '"x"'], ''],
  ])('%j', async (deltas, expected) => {
    expect(await early(deltas)).toBe(expected);
  });
});

describe('however the text is split', () => {
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify({ city: 'x', days: value }));
  const anyText = fc.oneof(
    json,
    json.map((text) => `\`\`\`json\n${text}\n\`\`\``),
    json.map((text) => `\`\`\`tool_code\n${text}\`\`\` `),
    fc.constantFrom(...CALLS.map(([, text]) => text)),
    fc.string({ unit: fc.constantFrom('{', '}', '"', '`', ':', ',', 'a', ' ', '\n', '\\', '1', 'json') }),
    fc.string(),
  );

  test('the same comes out: the call, or the text as it was', async () => {
    const cuts = fc.array(fc.nat(200), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(anyText, cuts, async (text, places) => {
        const at = [0, ...places.filter((place) => place < text.length).sort((a, b) => a - b), text.length];
        const deltas = at.slice(1).map((end, i) => says.text(text.slice(at[i], end)));
        const whole = await readAll([says.text(text), says.end()], [weather]);
        const split = await readAll([...deltas, says.end()], [weather]);
        expect(converted(split)).toEqual(converted(whole));
        expect(textIn(split)).toBe(converted(whole) === undefined ? text : '');
      }),
      { numRuns: 500 },
    );
  });

  test('every JSON object is recognised, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.constantFrom(0, 2), async (value, indent) => {
        const args = { city: value };
        const out = await readAll([says.text(JSON.stringify(args, null, indent)), says.end()], [weather]);
        expect(converted(out)).toEqual(['weather', JSON.parse(JSON.stringify(args))]);
      }),
    );
  });
});
