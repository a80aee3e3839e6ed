import { answerMessages, foldAll, LIMITS, outputText, type JsonObject, type ModelEvent } from '#libs/contract';
import { itemsToMessages, responseObject, runObject, runsProtocol } from '#libs/protocols';
import { protocolNamed } from '../../support/chat-request.js';
import { readChat } from '../../support/chat-stream.js';
import { attempt, says, scriptedProvider } from '../../support/agent-lab.js';
import { readResponses } from '../../support/responses-grammar.js';
import { runSpec } from '../../support/run-spec.js';
import { transcript } from '../../support/transcript.js';

/** Citations, images and tiers on their way from the model's events to the protocols. */
const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const cited = (start: number, end: number): ModelEvent => ({
  type: 'citations',
  citations: [{ url: 'https://a.example', title: 'A', start, end }],
});
const end = (serviceTier: string): ModelEvent => ({ ...says.end(), serviceTier }) as ModelEvent;
const execute = async (): Promise<{ output: string }> => ({ output: 'ok' });
const fields = { description: 'e', parameters: { type: 'object' }, idempotent: true, approval: 'never' } as const;
const echo = { name: 'echo', ...fields, execute };
const PLACES = [
  [0, 5],
  [7, 12],
];

async function twoSteps() {
  const provider = scriptedProvider(({ messages }) =>
    messages.some(({ role }) => role === 'tool')
      ? [says.text('Whole answer'), cited(0, 5), end('flex')]
      : [says.text('First'), cited(0, 5), ...says.call('call_1', 'echo', '{"a":1}'), says.end('tool_calls')],
  );
  return (await attempt({ spec: runSpec(), provider, tools: [echo] })).log;
}

test('Chat: places count over the whole answer, streamed and whole, and the tier is that of the last step', async () => {
  const log = await twoSteps();
  const chat = protocolNamed('openai-chat');
  const frames = transcript(chat, log);
  readChat(frames);
  const chunks = [...frames.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data ?? '') as Chunk);
  const streamed = chunks.flatMap(({ choices }) => choices[0]?.delta.annotations ?? []);
  const final = chat.final(foldAll(log)) as unknown as { choices: { message: Delta }[]; service_tier: string };
  expect(final.choices[0]?.message.annotations).toEqual(streamed);
  expect(streamed.map(({ url_citation: { start_index, end_index } }) => [start_index, end_index])).toEqual(PLACES);
  expect([final.service_tier, chunks.at(-1)?.service_tier]).toEqual(['flex', 'flex']);
  expect(outputText(foldAll(log)).slice(7, 12)).toBe('Whole');
});

interface Delta {
  readonly annotations?: readonly {
    readonly url_citation: { readonly start_index: number; readonly end_index: number };
  }[];
}
interface Chunk {
  readonly choices: readonly { readonly delta: Delta }[];
  readonly service_tier?: string;
}

test('Responses: places count within their message', async () => {
  const log = await twoSteps();
  const { response } = readResponses(transcript(protocolNamed('openai-responses'), log));
  const whole = responseObject(foldAll(log));
  expect(response).toEqual(JSON.parse(JSON.stringify(whole)));
  const { output, service_tier } = whole as unknown as { output: Item[]; service_tier: string };
  const places = output.flatMap(({ content = [] }) =>
    content.flatMap(({ annotations }) => annotations.map(({ start_index, end_index }) => [start_index, end_index])),
  );
  expect(places).toEqual([PLACES[0], PLACES[0]]);
  expect(service_tier).toBe('flex');
});

interface Item {
  readonly type: string;
  readonly result?: string;
  readonly content?: readonly {
    readonly annotations: readonly { readonly start_index: number; readonly end_index: number }[];
  }[];
}

test('an image is shown by each protocol, and the model sees it again in the next turn', async () => {
  const provider = scriptedProvider(() => [{ type: 'image', url: PNG }, says.end()]);
  const { log } = await attempt({ spec: runSpec(), provider });
  const chat = protocolNamed('openai-chat');
  const entry = { type: 'image_url', image_url: { url: PNG }, index: 0 };
  expect(transcript(chat, log)).toContain(JSON.stringify({ images: [entry] }));
  const final = chat.final(foldAll(log)) as unknown as { choices: { message: object }[] };
  expect(final.choices[0]?.message).toMatchObject({ images: [entry] });
  const { response } = readResponses(transcript(protocolNamed('openai-responses'), log));
  const [item] = (response?.['output'] ?? []) as unknown as Item[];
  expect(item).toMatchObject({ type: 'image_generation_call', status: 'completed', result: 'iVBORw0KGgo=' });
  expect(answerMessages(foldAll(log))).toEqual([
    { role: 'assistant', text: '[image]', toolCalls: [] },
    { role: 'user', content: [expect.objectContaining({ type: 'text' }), { type: 'image', url: PNG }] },
  ]);
});

test('Messages names an image in words, streamed and whole: its answer is not empty', async () => {
  const provider = scriptedProvider(() => [says.text('Look:'), { type: 'image', url: PNG }, says.end()]);
  const { log } = await attempt({ spec: { ...runSpec(), protocol: 'anthropic-messages' }, provider });
  const messages = protocolNamed('anthropic-messages');
  const note = '\n[image: image/png, 1 kB]\n';
  expect(transcript(messages, log)).toContain(JSON.stringify(note));
  expect(transcript(messages, log)).not.toContain('iVBORw0KGgo');
  expect(messages.final(foldAll(log))).toMatchObject({ content: [{ type: 'text', text: `Look:${note}` }] });
});

test('runs show it in their items and events', async () => {
  const provider = scriptedProvider(() => [says.text('Look:'), { type: 'image', url: PNG }, says.end()]);
  const { log } = await attempt({ spec: runSpec(), provider });
  expect(runObject(foldAll(log)).items).toEqual([
    { type: 'message', step: 1, status: 'completed', text: 'Look:' },
    { type: 'message', step: 1, status: 'completed', text: '', image: PNG },
  ]);
  expect(transcript(runsProtocol, log)).toContain(JSON.stringify({ delta: '', step: 1, image: PNG }).slice(1));
});

test('a conversation of items gives the model its image again, and so does an item that a client sends', async () => {
  const provider = scriptedProvider(() => [says.text('Look:'), { type: 'image', url: PNG }, says.end()]);
  const { log } = await attempt({ spec: runSpec(), provider });
  const { output } = responseObject(foldAll(log)) as unknown as { output: JsonObject[] };
  expect(itemsToMessages(output)).toEqual(answerMessages(foldAll(log)));
  const [, item = {}] = output;
  const alone = [
    { role: 'assistant', text: '[image]', toolCalls: [] },
    { role: 'user', content: expect.any(Array) },
  ];
  expect(itemsToMessages([item])).toEqual(alone);
  const two = itemsToMessages([item, { ...item, result: '/9j/4AAQ' }]);
  expect(two.at(-1)).toMatchObject({ content: [{}, { url: PNG }, { url: 'data:image/jpeg;base64,/9j/4AAQ' }] });
  for (const result of [null, 'no base64!', 'A'.repeat(LIMITS.modelImageBytesMax + 1)]) {
    expect(itemsToMessages([{ ...item, result }])).toEqual([]);
  }
});

test('behind calls an image stands as a message of its own, and results stay behind their calls', () => {
  const call = { type: 'function_call', call_id: 'c', name: 'draw', arguments: '{}' };
  const image = { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'iVBORw0KGgo=' };
  const output = { type: 'function_call_output', call_id: 'c', output: 'done' };
  const roles = itemsToMessages([call, image, output]).map(({ role }) => role);
  expect(roles).toEqual(['assistant', 'tool', 'user']);
});

test('an image that is too large is named', async () => {
  const url = `data:image/png;base64,${'A'.repeat(LIMITS.modelImageBytesMax)}`;
  const provider = scriptedProvider(() => [{ type: 'image', url }, says.end()]);
  const snapshot = foldAll((await attempt({ spec: runSpec(), provider })).log);
  expect(outputText(snapshot)).toContain('left out: too large');
  expect(JSON.stringify(snapshot).length).toBeLessThan(10_000);
});
