import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Stack } from '../support/stack.js';

/** Upstreams that refuse a conversation when their own reasoning, signatures or call state do not come back with it. */
let upstream: FakeUpstream;
let stack: Stack;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  stack = await startStack({
    settings: `
upstreams:
  - { name: deepseek, provider: openai, base_url: '${upstream.url}/v1' }
  - { name: claude, provider: anthropic, base_url: '${upstream.url}' }
models:
  - { name: chat-thinker, upstream: deepseek, model: carried }
  - { name: signed-thinker, upstream: claude, model: carried }
agent: { tools: [current_time] }
`,
    env: { API_KEYS: 'lab:sk-lab-0123456789abcdef-0123456789' },
  });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});
beforeEach(() => upstream.reset());

const MODELS = ['chat-thinker', 'signed-thinker'];
const ANSWER = 'word0 word1 word2 word3 word4 word5 word6 word7 ';
const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

interface Json {
  readonly [key: string]: unknown;
}

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Json> {
  const response = await fetch(`${stack.apis[0]?.url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer sk-lab-0123456789abcdef-0123456789',
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const json = (await response.json()) as Json;
  expect({ status: response.status, error: json['error'] ?? null }).toEqual({ status: 200, error: null });
  return json;
}

const messageOf = (completion: Json): Json => (completion['choices'] as { message: Json }[])[0]?.message ?? {};

describe.each(MODELS)('%s', (model) => {
  test('the loop of the gateway gives them back', async () => {
    const messages = [{ role: 'user', content: 'What time is it?' }];
    expect(messageOf(await post('/v1/chat/completions', { model, messages }))['content']).toBe(ANSWER);
    expect(upstream.requests).toHaveLength(2);
  });

  test('a Chat client that runs its own loop gives them back with its history', async () => {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: PARAMETERS } }];
    const question = { role: 'user', content: 'Weather?' };
    const choice = {
      tools,
      tool_choice: {
        type: 'allowed_tools',
        allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'weather' } }] },
      },
    };
    const asked = messageOf(await post('/v1/chat/completions', { model, messages: [question], ...choice }));
    const [call] = asked['tool_calls'] as { id: string }[];
    const result = { role: 'tool', tool_call_id: call?.id, content: 'Rain.' };
    const answered = await post('/v1/chat/completions', { model, messages: [question, asked, result], ...choice });
    expect(messageOf(answered)['content']).toBe(ANSWER);
  });

  test.each(['chain', 'own history'])('a Responses client that runs its own loop gives them back: %s', async (kind) => {
    const base = {
      model,
      include: ['reasoning.encrypted_content'],
      tools: [{ type: 'function', name: 'weather', parameters: PARAMETERS }],
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'weather' }] },
      store: kind === 'chain',
    };
    const question = { role: 'user', content: 'Weather?' };
    const asked = await post('/v1/responses', { ...base, input: [question] });
    const output = asked['output'] as { type: string; call_id?: string }[];
    const call = output.find(({ type }) => type === 'function_call');
    const result = { type: 'function_call_output', call_id: call?.call_id, output: 'Rain.' };
    const next =
      kind === 'chain'
        ? { previous_response_id: asked['id'], input: [result] }
        : { input: [question, ...output, result] };
    const answered = await post('/v1/responses', { ...base, ...next });
    expect(JSON.stringify(answered['output'])).toContain(ANSWER);
  });

  test('a session gives them back in its next turn', async () => {
    const headers = { 'x-session-id': `thoughtful-${model}` };
    const ask = (content: string): Promise<Json> =>
      post('/v1/chat/completions', { model, messages: [{ role: 'user', content }] }, headers);
    await ask('What time is it?');
    expect(messageOf(await ask('And now?'))['content']).toBe(ANSWER);
    expect(upstream.requests.length).toBeGreaterThanOrEqual(4);
  });
});
