import {
  foldAll,
  turnOf,
  type JsonObject,
  type LoggedEvent,
  type Message,
  type RunSpec,
  type Tool,
} from '#libs/contract';
import { conversationOf, type HistoryReader } from '#libs/history';
import { createProvider } from '#libs/providers';
import { itemsToMessages, responseObject } from '#libs/protocols';
import { attempt } from '../../support/agent-lab.js';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { upstreamSettings } from '../../support/model-lab.js';
import { runSpec } from '../../support/run-spec.js';

/** Thinking that an Anthropic upstream signed comes back to it as it was, in a loop and in what continues the run. */
let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());
beforeEach(() => {
  upstream.reset();
  upstream.answers.set('thinks', ({ messages }) => ({ body: answerTo(messages as JsonObject[]) }));
});

const signed = (n: number): JsonObject => ({ type: 'thinking', thinking: `Thought ${n}`, signature: `sig-${n}` });
const use = { type: 'tool_use', id: 'toolu_1', name: 'clock', input: {} };

/** Thinks before each answer, and calls the clock once. */
function answerTo(messages: readonly JsonObject[]): object {
  const said = messages.filter(({ role }) => role === 'assistant').length;
  const rest = said === 0 ? [use] : [{ type: 'text', text: `Answer ${said}` }];
  return { content: [signed(said + 1), ...rest], stop_reason: said === 0 ? 'tool_use' : 'end_turn' };
}

const clock: Tool = {
  name: 'clock',
  description: 'Tells the time',
  parameters: { type: 'object' },
  idempotent: true,
  approval: 'never',
  execute: async () => ({ output: '12:00' }),
};
const asked: Message = { role: 'user', content: 'What time is it?' };
const next: Message = { role: 'user', content: 'And now?' };
const whole = (messages: readonly Message[]): RunSpec => ({ ...runSpec(), model: 'm', messages });

async function run(messages: readonly Message[]): Promise<readonly LoggedEvent[]> {
  const real = createProvider(upstreamSettings('anthropic', { baseUrl: upstream.url }));
  const provider = {
    ...real,
    stream: (request: Parameters<typeof real.stream>[0]) =>
      real.stream({ ...request, model: 'answer:name=thinks', streaming: false }),
  };
  const { log, end } = await attempt({ spec: whole(messages), provider, tools: [clock] });
  expect(end?.type).toBe('run.completed');
  return log;
}

const sentBack = (): unknown =>
  (upstream.requests.at(-1)?.body['messages'] as JsonObject[]).map(({ content }) => content);
const question = (message: Message): object[] => [
  { type: 'text', text: message.role === 'user' ? message.content : '' },
];
const result = [{ type: 'tool_result', tool_use_id: 'toolu_1', content: '12:00' }];
const loop = [question(asked), [signed(1), use], result];
const continuedLoop = [...loop, [signed(2), { type: 'text', text: 'Answer 1' }], question(next)];

test('in the loop of one run', async () => {
  await run([asked]);
  expect(sentBack()).toEqual(loop);
});

test('in a chain and in a session, which are read from turns', async () => {
  const snapshot = foldAll(await run([asked]));
  const history: HistoryReader = {
    turn: async () => turnOf(snapshot, { messages: [asked] }),
    turns: async () => [turnOf(snapshot, { messages: [asked] })],
  };
  await run(await conversationOf({ parentId: snapshot.runId, messages: [next] }, history));
  expect(sentBack()).toEqual(continuedLoop);
});

test('from the items of a response, as a conversation keeps them and stateless clients send them', async () => {
  const log = await run([asked]);
  const echo = { serverCalls: 'function_call', encrypted: true };
  const snapshot = { ...foldAll(log), protocol: 'openai-responses', echo };
  const { output } = responseObject(snapshot) as unknown as { output: JsonObject[] };
  await run([asked, ...itemsToMessages(output), next]);
  expect(sentBack()).toEqual(continuedLoop);
});
