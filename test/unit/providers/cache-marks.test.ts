import type { JsonObject, ModelRequest, RunDraft } from '#libs/contract';
import { createProvider, RefusedMemory } from '#libs/providers';
import { otherFields, parseDto } from '#libs/protocols';
import { marksLeftOut, toChatRequest } from '../../../libs/providers/src/openai/chat-request.js';
import { decodeChat, protocolNamed } from '../../support/chat-request.js';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { ask, question, upstreamSettings } from '../../support/model-lab.js';
import { decodeResponses } from '../../support/responses-request.js';

/** Marks of cached prefixes on single parts and blocks, from the client to an upstream. */
let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());
beforeEach(() => upstream.reset());

const mark = { mode: 'explicit' };
const short = { type: 'ephemeral' };
const long = { type: 'ephemeral', ttl: '1h' };
const text = (said: string, more: object = {}): object => ({ type: 'text', text: said, ...more });
const marked = (said: string): object => text(said, { prompt_cache_breakpoint: mark });

function decodeMessages(body: object): RunDraft {
  const messages = protocolNamed('anthropic-messages');
  const dto = parseDto(messages.dto, JSON.parse(JSON.stringify({ model: 'm', max_tokens: 10, ...body })));
  const context = { hermesClient: false, messageTextCharsMax: 1_000, headers: {} };
  return messages.decode(dto, { ...context, otherFields: otherFields(messages.dto, body as JsonObject) });
}

const requestOf = ({ messages, sampling, instructions = '' }: RunDraft): ModelRequest =>
  question('ok', { messages, sampling, system: instructions });

async function sent(kind: 'openai' | 'anthropic', request: ModelRequest, memory = new RefusedMemory()) {
  const baseUrl = kind === 'openai' ? `${upstream.url}/v1` : upstream.url;
  const provider = createProvider(upstreamSettings(kind, { baseUrl }));
  const { events, error } = await ask([{ provider }], request, memory);
  if (error) throw error as Error;
  const leftOut = events.flatMap((event) => (event.type === 'left_out' ? event.fields : []));
  return { body: upstream.requests.at(-1)?.body ?? {}, leftOut };
}

const called = { id: 'call_1', type: 'function', function: { name: 'read', arguments: '{}' } };
const CHAT = [
  { role: 'user', content: [marked('One'), text('Two')] },
  { role: 'system', content: [marked('Be brief.')] },
  { role: 'assistant', content: null, tool_calls: [called] },
  { role: 'tool', tool_call_id: 'call_1', content: [marked('read')] },
];

test('OpenAI gets the marks on parts as they came', () => {
  const image = { type: 'image_url', image_url: { url: 'https://x/y.png' }, prompt_cache_breakpoint: mark };
  const draft = decodeChat({ messages: [...CHAT, { role: 'user', content: [image] }] });
  expect(draft.leftOut).toBeUndefined();
  const { messages } = toChatRequest(requestOf(draft), { isOpenAi: true, isMistral: false });
  expect(messages).toMatchObject([CHAT[0], CHAT[1], CHAT[2], CHAT[3], { content: [image] }]);
  expect(marksLeftOut(requestOf(draft), true)).toEqual([]);
});

test('Responses reads them in messages and outputs, and a conversation keeps them', () => {
  const input = [
    { role: 'user', content: [{ ...marked('One'), type: 'input_text' }] },
    { type: 'function_call', call_id: 'c', name: 'read', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c', output: [{ ...marked('read'), type: 'input_text' }] },
  ];
  const { messages, leftOut } = decodeResponses({ input });
  const cacheMark = { form: 'openai', fields: mark };
  expect(messages[0]).toEqual({ role: 'user', content: [{ type: 'text', text: 'One', cacheMark }] });
  expect(messages[2]).toMatchObject({ role: 'tool', output: 'read', cacheMark });
  expect(leftOut).toBeUndefined();
});

test('a server that is not OpenAI gets plain texts, and the answer names the field', async () => {
  const { body, leftOut } = await sent('openai', requestOf(decodeChat({ messages: CHAT })));
  expect(body['messages']).toMatchObject([
    { role: 'user', content: 'One\nTwo' },
    { content: 'Be brief.' },
    { content: null },
    { content: 'read' },
  ]);
  expect(JSON.stringify(body)).not.toContain('breakpoint');
  expect(leftOut).toEqual(['prompt_cache_breakpoint']);
});

test('a mark where no message can carry it is named', () => {
  const lost = { role: 'developer', content: [marked('Rules')] };
  expect(decodeChat({ messages: [lost, { role: 'user', content: 'Hi' }] }).leftOut).toEqual([
    'messages.prompt_cache_breakpoint',
  ]);
  const input = [{ role: 'developer', content: [{ ...marked('Rules'), type: 'input_text' }] }];
  expect(decodeResponses({ input }).leftOut).toEqual(['input.prompt_cache_breakpoint']);
});

test.each([true, 'explicit', { mode: 'x'.repeat(300) }])('a mark that is none is refused: %p', (value) => {
  const content = [text('Hi', { prompt_cache_breakpoint: value })];
  expect(() => decodeChat({ messages: [{ role: 'user', content }] })).toThrow(
    "'messages[0].content[0].prompt_cache_breakpoint' must be an object",
  );
  const block = [text('Hi', { cache_control: value })];
  expect(() => decodeMessages({ messages: [{ role: 'user', content: block }] })).toThrow(
    "'messages[0].content[0].cache_control' must be an object",
  );
});

test('Anthropic gets them as cache_control, beside the marker for everything unless explicit ones alone are wanted', async () => {
  const draft = decodeChat({ messages: CHAT });
  const { body, leftOut } = await sent('anthropic', requestOf(draft));
  expect(body['cache_control']).toEqual(short);
  expect(body['messages']).toMatchObject([
    { content: [{ text: 'One', cache_control: short }, { text: 'Two' }, { type: 'text', cache_control: short }] },
    { content: [{ type: 'tool_use' }] },
    { content: [{ type: 'tool_result', cache_control: short }] },
  ]);
  expect(leftOut).toEqual([]);
  const explicit = decodeChat({ messages: CHAT, prompt_cache_options: { mode: 'explicit' } });
  expect((await sent('anthropic', requestOf(explicit))).body).not.toHaveProperty('cache_control');
});

test('at most four, the last ones: their prefixes are the longest', async () => {
  const messages = [{ role: 'user', content: ['1', '2', '3', '4', '5'].map(marked) }];
  const { body, leftOut } = await sent('anthropic', requestOf(decodeChat({ messages })));
  const [turn] = body['messages'] as { content: JsonObject[] }[];
  // The marker for everything is the fourth.
  expect(turn?.content.map((block) => 'cache_control' in block)).toEqual([false, false, true, true, true]);
  expect(leftOut).toEqual(['prompt_cache_breakpoint']);
});

test('cache_control of single blocks reaches Anthropic upstreams where it stood', async () => {
  const use = { type: 'tool_use', id: 'toolu_1', name: 'read', input: {} };
  const draft = decodeMessages({
    system: [text('You are a CLI.', { cache_control: long }), text('Be brief.')],
    messages: [
      { role: 'user', content: [text('Hi', { cache_control: short })] },
      { role: 'system', content: [text('Tests matter.', { cache_control: short })] },
      { role: 'assistant', content: [use] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok', cache_control: short }] },
    ],
  });
  const request = { ...requestOf(draft), system: `Core.\n\n${draft.instructions ?? ''}` };
  const { body, leftOut } = await sent('anthropic', request);
  expect(body).not.toHaveProperty('cache_control');
  expect(body['system']).toEqual([text('Core.\n\nYou are a CLI.', { cache_control: long }), text('\n\nBe brief.')]);
  expect(body['messages']).toMatchObject([
    {
      content: [
        { text: 'Hi', cache_control: short },
        { type: 'text', cache_control: short },
      ],
    },
    { content: [use] },
    { content: [{ type: 'tool_result', content: 'ok', cache_control: short }] },
  ]);
  expect(leftOut).toEqual([]);
  const elsewhere = await sent('openai', request);
  expect(elsewhere.leftOut).toEqual(['cache_control']);
  expect(JSON.stringify(elsewhere.body)).not.toContain('cache_control');
});

test('a server that refuses the marks is asked without them, now and later', async () => {
  const message = 'messages.0.content.0.text.cache_control: Extra inputs are not permitted';
  upstream.answers.set('strict', (body) =>
    JSON.stringify(body).includes('cache_control')
      ? { status: 400, body: { type: 'error', error: { type: 'invalid_request_error', message } } }
      : { body: { content: [{ type: 'text', text: 'A' }], stop_reason: 'end_turn' } },
  );
  const memory = new RefusedMemory();
  const draft = decodeMessages({ messages: [{ role: 'user', content: [text('Hi', { cache_control: short })] }] });
  const request = { ...requestOf(draft), model: 'answer:name=strict' };
  for (const requests of [2, 3]) {
    const { leftOut } = await sent('anthropic', request, memory);
    expect(leftOut).toEqual(['cache_control']);
    expect(upstream.requests).toHaveLength(requests);
  }
});

test('OpenAI models that refuse the marks do not get them', () => {
  const request = { ...requestOf(decodeChat({ messages: CHAT })), without: [{ name: 'prompt_cache_breakpoint' }] };
  expect(JSON.stringify(toChatRequest(request, { isOpenAi: true, isMistral: false }))).not.toContain('breakpoint');
  expect(marksLeftOut(request, true)).toEqual(['prompt_cache_breakpoint']);
});

test('marks on tools and on what the assistant said reach Anthropic; of too many the ones in front are left out', async () => {
  const tool = (name: string, more: object = {}): object => ({ name, input_schema: { type: 'object' }, ...more });
  const draft = decodeMessages({
    tools: [tool('a', { cache_control: long }), tool('b'), tool('c', { cache_control: long })],
    messages: [
      { role: 'user', content: [text('Hi', { cache_control: short })] },
      {
        role: 'assistant',
        content: [{ type: 'thinking', thinking: 'Hm.', signature: 'sig' }, text('Ho', { cache_control: short })],
      },
      { role: 'user', content: [text('And?', { cache_control: short })] },
    ],
  });
  const request = { ...requestOf(draft), tools: draft.tools };
  const { body, leftOut } = await sent('anthropic', request);
  const [a, b, c] = body['tools'] as object[];
  expect([a, b]).toMatchObject([{ name: 'a' }, { name: 'b' }]);
  expect([a, b].some((one) => 'cache_control' in (one ?? {}))).toBe(false);
  expect(c).toMatchObject({ name: 'c', cache_control: long });
  expect(body['messages']).toMatchObject([
    { content: [{ text: 'Hi', cache_control: short }] },
    { content: [{ type: 'thinking' }, { text: 'Ho', cache_control: short }] },
    { content: [{ text: 'And?', cache_control: short }] },
  ]);
  expect(JSON.stringify(body).match(/cache_control/g)).toHaveLength(4);
  expect(leftOut).toEqual(['cache_control']);
  expect((await sent('openai', request)).leftOut).toEqual(['cache_control']);
});
