import type { Message } from '#libs/contract';
import { createProvider } from '#libs/providers';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { gatewayError, listen, question, sealedBlocks, upstreamSettings } from '../../support/model-lab.js';

/** Reasoning and state of OpenAI-compatible servers, as real HTTP answers and requests. */
let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());

const provider = () => createProvider(upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` }));
const chunk = (delta: object, finish_reason: string | null = null): object => ({
  choices: [{ index: 0, delta, finish_reason }],
});

function answer(name: string, ...chunks: object[]) {
  upstream.scripts.set(name, [...chunks, 'data: [DONE]\n\n']);
  return listen(provider(), question(`script:name=${name}`));
}

test('plain reasoning_content needs no seal', async () => {
  const { events, reasoning } = await answer(
    'plain',
    chunk({ reasoning_content: 'Hm.' }),
    chunk({ content: 'Hi' }, 'stop'),
  );
  expect([reasoning, sealedBlocks(events)]).toEqual(['Hm.', []]);
});

test('the name `reasoning` is kept, and fragments of details are put together', async () => {
  const detail = (fields: object): object => ({ type: 'reasoning.text', index: 0, ...fields });
  const { events, text } = await answer(
    'details',
    chunk({ reasoning: 'A', reasoning_details: [detail({ text: 'A' })] }),
    chunk({ reasoning: 'B', reasoning_details: [detail({ text: 'B' })] }),
    chunk({ reasoning_details: [detail({ signature: 's' }), { type: 'reasoning.encrypted', data: 'x', index: 1 }] }),
    chunk({ content: 'Hi' }),
    chunk({ content: '!', extra_content: { google: { thought_signature: 'm' } } }, 'stop'),
  );
  expect(text).toBe('Hi!');
  expect(sealedBlocks(events)).toEqual([
    {
      text: 'AB',
      seal: {
        form: 'openai',
        textField: 'reasoning',
        fields: {
          reasoning_details: [
            { type: 'reasoning.text', index: 0, text: 'AB', signature: 's' },
            { type: 'reasoning.encrypted', data: 'x', index: 1 },
          ],
        },
      },
    },
    { text: '', seal: { form: 'openai', fields: { extra_content: { google: { thought_signature: 'm' } } } } },
  ]);
});

test('details alone are the reasoning', async () => {
  const details = [{ type: 'reasoning.summary', summary: 'Sum.', index: 0 }];
  expect(
    (await answer('alone', chunk({ reasoning_details: details }), chunk({ content: 'x' }, 'stop'))).reasoning,
  ).toBe('Sum.');
});

test('the state of a call comes with its beginning, or when it comes', async () => {
  const call = (fields: object): object => ({ tool_calls: [{ index: 0, ...fields }] });
  const early = { google: { thought_signature: 'e' } };
  const { events } = await answer(
    'early',
    chunk(call({ id: 'a', function: { name: 'f', arguments: '{}' }, extra_content: early })),
    chunk({}, 'tool_calls'),
  );
  expect(events).toContainEqual({ type: 'tool_call', callId: 'a', name: 'f', extraContent: early });
  const late = await answer(
    'late',
    chunk(call({ id: 'a', function: { name: 'f', arguments: '{' } })),
    chunk(call({ function: { arguments: '}' }, extra_content: early })),
    chunk({}, 'tool_calls'),
  );
  expect(late.events).toContainEqual({ type: 'tool_extra', callId: 'a', extraContent: early });
});

test('state without measure ends the answer', async () => {
  const details = [{ type: 'reasoning.encrypted', data: 'x'.repeat(600_000) }];
  const huge = await answer('huge', chunk({ reasoning_details: details }), chunk({ reasoning_details: details }));
  expect(gatewayError(huge).code).toBe('upstream_invalid');
});

test('everything goes back under its own name', async () => {
  const extraContent = { google: { thought_signature: 's' } };
  const details = [{ type: 'reasoning.text', text: 'AB', index: 0 }];
  const messages: Message[] = [
    { role: 'user', content: 'Go.' },
    {
      role: 'assistant',
      text: '',
      reasoning: [
        { text: 'AB', seal: { form: 'openai', textField: 'reasoning', fields: { reasoning_details: details } } },
      ],
      toolCalls: [{ callId: 'a', name: 'f', arguments: '{}', extraContent }],
    },
    { role: 'tool', callId: 'a', output: 'fine' },
    { role: 'assistant', text: 'Hi', reasoning: [{ text: 'C' }], toolCalls: [] },
    { role: 'user', content: 'And?' },
  ];
  await listen(provider(), question('ok', { messages }));
  const sent = upstream.requests.at(-1)?.body['messages'] as object[];
  expect(sent[1]).toMatchObject({
    reasoning: 'AB',
    reasoning_details: details,
    tool_calls: [{ id: 'a', extra_content: extraContent }],
  });
  expect(sent[3]).toEqual({ role: 'assistant', content: 'Hi', reasoning_content: 'C' });
});

test('OpenAI itself takes nothing of the kind', () => {
  expect(createProvider(upstreamSettings('openai')).carries).toBeUndefined();
  expect(provider().carries).toBe('openai');
});
