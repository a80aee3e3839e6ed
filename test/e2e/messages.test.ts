import Anthropic from '@anthropic-ai/sdk';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Stack } from '../support/stack.js';

/** The official SDK of Anthropic against the real services, with upstreams of both kinds behind them. */
const KEY = 'sk-lab-0123456789abcdef-0123456789';
let upstream: FakeUpstream;
let stack: Stack;
let client: Anthropic;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  stack = await startStack({
    env: { API_KEYS: `lab:${KEY}`, MODELS_UNKNOWN: 'passthrough', SSE_KEEPALIVE_MS: '200' },
    settings: `
upstreams:
  - { name: deepseek, provider: openai, base_url: '${upstream.url}/v1' }
  - { name: claude, provider: anthropic, base_url: '${upstream.url}' }
models:
  - { name: chat-thinker, upstream: deepseek, model: carried }
  - { name: signed-thinker, upstream: claude, model: carried }
  - { name: plain, upstream: deepseek, model: ok }
  - { name: tooled, upstream: deepseek, model: tools }
  - { name: slow, upstream: deepseek, model: 'ok:n=2,first=1500' }
  - { name: broken, upstream: deepseek, model: error-in-stream }
  - { name: long, upstream: deepseek, model: context }
  - { name: cut, upstream: deepseek, model: length }
agent: { tools: [current_time] }
`,
  });
  client = new Anthropic({ apiKey: KEY, baseURL: stack.apis[0]?.url ?? '', maxRetries: 0 });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});
beforeEach(() => upstream.reset());

const ANSWER = 'word0 word1 word2 word3 word4 word5 word6 word7 ';
const ask = (model: string, more: Partial<Anthropic.MessageCreateParamsNonStreaming> = {}) => ({
  model,
  max_tokens: 4_096,
  messages: [{ role: 'user' as const, content: 'Hello' }],
  ...more,
});
const textOf = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('');
const weather: Anthropic.Tool = {
  name: 'weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

test('create, and the stream helper, give the same message; the id of the request is told', async () => {
  const { data, request_id, response } = await client.messages.create(ask('plain')).withResponse();
  expect(textOf(data)).toBe(ANSWER);
  expect(data).toMatchObject({ role: 'assistant', stop_reason: 'end_turn', usage: { output_tokens: 8 } });
  expect(request_id).toBe(response.headers.get('x-request-id'));
  const streamed = await client.messages.stream(ask('plain')).finalMessage();
  expect({ ...streamed, id: '' }).toMatchObject({ content: data.content, stop_reason: 'end_turn', usage: data.usage });
});

test('beta clients, bearer tokens and both API versions', async () => {
  const bearer = new Anthropic({ apiKey: null, authToken: KEY, baseURL: stack.apis[0]?.url ?? '', maxRetries: 0 });
  const answer = await bearer.beta.messages.create({ ...ask('plain'), betas: ['context-management-2025-06-27'] });
  expect(answer.stop_reason).toBe('end_turn');
  const headers = { 'anthropic-version': '2023-06-01' };
  expect(textOf(await client.messages.create(ask('plain'), { headers }))).toBe(ANSWER);
});

test.each(['chat-thinker', 'signed-thinker'])(
  'the loop of a client with %s: calls, results, thinking',
  async (model) => {
    const tools = [weather];
    const thinking = { type: 'enabled' as const, budget_tokens: 2_048 };
    const choice = { type: 'tool' as const, name: 'weather' };
    const question = { role: 'user' as const, content: 'Weather?' };
    for (const shown of [{ thinking }, {}]) {
      const stream = client.messages.stream(ask(model, { messages: [question], tools, tool_choice: choice, ...shown }));
      const asked = await stream.finalMessage();
      expect(asked.stop_reason).toBe('tool_use');
      const call = asked.content.find((block) => block.type === 'tool_use');
      expect(call).toMatchObject({ name: 'weather', input: { city: 'x' } });
      const said = asked.content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join('');
      expect(said).toBe('thinking' in shown ? 'I think.' : '');
      const result = { type: 'tool_result' as const, tool_use_id: call?.id ?? '', content: 'Rain.' };
      const messages = [
        question,
        { role: 'assistant' as const, content: asked.content },
        { role: 'user' as const, content: [result] },
      ];
      expect(textOf(await client.messages.create(ask(model, { messages, tools, ...shown })))).toBe(ANSWER);
    }
  },
);

test('a tool that the gateway runs is told as the pair of an MCP server, and may come back', async () => {
  const stream = client.messages.stream(ask('tooled'));
  const message = await stream.finalMessage();
  const types = message.content.map(({ type }) => type as string);
  expect(types).toEqual(['mcp_tool_use', 'mcp_tool_result', 'text']);
  expect(message.stop_reason).toBe('end_turn');
  const messages: Anthropic.MessageParam[] = [
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: message.content },
    { role: 'user', content: 'And now?' },
  ];
  expect((await client.messages.create(ask('plain', { messages }))).stop_reason).toBe('end_turn');
  const sent = upstream.requests.at(-1)?.body['messages'] as { role: string }[];
  expect(sent.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'user']);
});

test('silence is broken by pings', async () => {
  const types: string[] = [];
  const response = await client.messages.create({ ...ask('slow'), stream: true }).asResponse();
  for (const [, type = ''] of (await response.text()).matchAll(/^event: (.*)$/gm)) types.push(type);
  expect(types).toEqual(expect.arrayContaining(['message_start', 'ping', 'message_delta', 'message_stop']));
  expect(types.filter((type) => type === 'message_delta')).toHaveLength(1);
});

test('an answer that is cut says so', async () => {
  expect((await client.messages.create(ask('cut'))).stop_reason).toBe('max_tokens');
});

test('errors are of the classes that the SDK has for them', async () => {
  const wrong = { ...ask('plain'), messages: [{ role: 'user', content: [{ type: 'image' }] }] } as never;
  await expect(client.messages.create(wrong)).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining('messages[0].content[0].source') as string,
  });
  const stranger = new Anthropic({ apiKey: 'wrong', baseURL: stack.apis[0]?.url ?? '', maxRetries: 0 });
  await expect(stranger.messages.create(ask('plain'))).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
  await expect(client.messages.create(ask('long'))).rejects.toThrow(/prompt is too long/);
  await expect(client.messages.stream(ask('broken')).finalMessage()).rejects.toBeInstanceOf(Anthropic.APIError);
  await expect(client.models.retrieve('no/such/model')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
});

test('tokens are counted within 10 % of o200k for English and code', async () => {
  const english = 'The quick brown fox jumps over the lazy dog. '.repeat(100);
  const { input_tokens } = await client.messages.countTokens({
    model: 'plain',
    messages: [{ role: 'user', content: english }],
  });
  // Ten tokens to the sentence, as o200k has it.
  expect(input_tokens).toBeGreaterThan(900);
  expect(input_tokens).toBeLessThan(1_100);
  await expect(client.messages.countTokens({ model: 'plain', messages: [] })).rejects.toBeInstanceOf(
    Anthropic.BadRequestError,
  );
});

test('models in the shape of Anthropic; the probe of Claude Code needs no key', async () => {
  const names: string[] = [];
  for await (const model of client.models.list({ limit: 1_000 })) names.push(model.id);
  expect(names).toEqual(expect.arrayContaining(['plain', 'signed-thinker']));
  expect(await client.models.retrieve('plain')).toMatchObject({ type: 'model', id: 'plain', lifecycle: 'active' });
  const hello = await fetch(`${stack.apis[0]?.url}/api/hello`, { method: 'HEAD' });
  expect(hello.status).toBe(200);
});
