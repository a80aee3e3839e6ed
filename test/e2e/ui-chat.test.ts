import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { readLogAt } from '../support/read-log.js';
import { withSlack } from '../support/slack.js';
import { startStack, type Stack } from '../support/stack.js';
import { readUi, type UiMessage } from '../support/ui-stream.js';
import { until } from '../support/until.js';

/** The UI message stream on real processes: two replicas of the API, two workers. */
let upstream: FakeUpstream;
let stack: Stack;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const env = { OPENAI_BASE_URL: `${upstream.url}/v1`, MODELS_UNKNOWN: 'passthrough', TOOLS: 'current_time' };
  const settings = 'approvals: { rules: [{ tool: "current_*", policy: always }] }';
  stack = await startStack({ apis: 2, workers: 2, scheduler: true, env, settings });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

let chats = 0;
const newChat = (): string => `chat-${++chats}`;
const said = (text: string): object => ({ id: 'u1', role: 'user', parts: [{ type: 'text', text }] });
const url = (api: number): string => `${stack.apis[api]?.url}/v1/ui/chat`;

function post(body: object, { api = 0, signal }: { api?: number; signal?: AbortSignal } = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(url(api), { method: 'POST', headers, body: JSON.stringify(body), ...(signal && { signal }) });
}

const resume = (id: string, api = 0): Promise<Response> => fetch(`${url(api)}/${id}/stream`);
const textOf = ({ parts }: UiMessage): string => parts.map(({ text = '' }) => String(text)).join('');
const words = (count: number): string => Array.from({ length: count }, (_, i) => `word${i}`).join(' ');

test('an answer is streamed as AI SDK 7 has it, and whole where no stream is asked for', async () => {
  const chat = { id: newChat(), messages: [said('Count.')], model: 'ok:n=5' };
  const answer = await post(chat);
  expect(answer.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1');
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(answer.headers.get('x-session-id')).toBe(chat.id);
  const { message, finishReason } = readUi(await answer.text());
  expect(textOf(message).trim()).toBe(words(5));
  expect(finishReason).toBe('stop');
  const whole = (await (await post({ ...chat, stream: false })).json()) as UiMessage;
  expect(whole.parts).toEqual(message.parts);
});

test('a reader that left hears the whole answer again from another replica; an idle chat has none', async () => {
  const chat = { id: newChat(), messages: [said('Count.')], model: 'ok:n=20,gap=150' };
  expect((await resume(chat.id)).status).toBe(204);
  const leave = new AbortController();
  const first = await post(chat, { signal: leave.signal });
  await first.body?.getReader().read();
  leave.abort();
  // Who only asks whether there is a stream is not kept waiting for its end.
  const head = await fetch(`${url(1)}/${chat.id}/stream`, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const again = await resume(chat.id, 1);
  expect(again.status).toBe(200);
  expect(again.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1');
  const { message } = readUi(await again.text());
  expect(textOf(message).trim()).toBe(words(20));
  await until(async () => (await resume(chat.id)).status === 204);
});

test('the page sends the conversation: what it leaves out is not there for the model', async () => {
  const id = newChat();
  await (await post({ id, messages: [said('First.')], model: 'ok:n=2' })).text();
  await (await post({ id, messages: [said('Other.')], trigger: 'regenerate-message', model: 'ok:n=2' })).text();
  const sent = JSON.stringify(upstream.requests.at(-1)?.body['messages']);
  expect(sent).toContain('Other.');
  expect(sent).not.toContain('First.');
});

test.each([
  [true, 'output-available'],
  [false, 'output-denied'],
])('a stream ends where a call waits; the next request answers it (%s), on any replica', async (approved, state) => {
  const id = newChat();
  const messages = [said('What time is it?')];
  const asked = readUi(await (await post({ id, messages, model: 'tools' })).text());
  expect(asked.finishReason).toBe('tool-calls');
  const call = asked.message.parts.find(({ type }) => type === 'dynamic-tool');
  expect(call).toMatchObject({ toolName: 'current_time', state: 'approval-requested', providerExecuted: true });
  // A page that is opened meanwhile hears of the request, too, and is not kept waiting.
  expect(readUi(await (await resume(id, 1)).text()).message).toEqual(asked.message);
  const parts = asked.message.parts.map((part) =>
    part === call
      ? { ...part, state: 'approval-responded', approval: { ...(part['approval'] as object), approved } }
      : part,
  );
  const before = { ...asked.message, role: 'assistant', parts };
  const rest = await post({ id, messages: [...messages, before] }, { api: 1 });
  const done = readUi(await rest.text(), before);
  expect(done.finishReason).toBe('stop');
  expect(done.types).not.toContain('start');
  expect(done.message.id).toBe(asked.message.id);
  expect(done.message.parts.find(({ type }) => type === 'dynamic-tool')?.['state']).toBe(state);
  expect(textOf(done.message)).toContain('word0');
  // The same request again changes nothing, and is told the same.
  const twice = readUi(await (await post({ id, messages: [...messages, before] })).text(), before);
  expect(twice.message).toEqual(done.message);
});

test(
  'a worker that is lost in the middle of a step: what it said is taken back, and said once',
  async () => {
    const answer = await post({ id: newChat(), messages: [said('Go on.')], model: 'ok:n=30,gap=200,vary=1' });
    const runId = answer.headers.get('x-run-id') ?? '';
    const text = answer.text();
    let worker = '';
    await until(async () => {
      const log = await readLogAt(stack.redis.url, runId);
      worker = log.flatMap((event) => (event.type === 'run.started' ? [event.worker] : []))[0] ?? '';
      return log.some(({ type }) => type === 'text.delta');
    });
    await stack.workers.find(({ pid }) => worker.includes(`-${pid}-`))?.kill('SIGKILL');
    const { message, types, finishReason } = readUi(await text);
    expect(finishReason).toBe('stop');
    expect(types.filter((type) => type === 'reset-step')).toHaveLength(1);
    expect(message.parts.filter(({ type }) => type === 'text')).toHaveLength(1);
  },
  withSlack(60_000),
);

test('what is wrong is said in words', async () => {
  const refused = await post({ messages: [{ role: 'user' }] });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { param: 'messages[0].parts' } });
  const failed = readUi(await (await post({ messages: [said('Fail.')], model: '400' })).text());
  expect(failed.error).toEqual(expect.any(String));
  const part = {
    type: 'dynamic-tool',
    toolName: 'x',
    toolCallId: 'c',
    state: 'approval-responded',
    approval: { id: `run_${'0'.repeat(32)}:apr_1`, approved: true },
  };
  const unknown = await post({ messages: [said('Hi'), { id: 'a', role: 'assistant', parts: [part] }] });
  expect(unknown.status).toBe(404);
});
