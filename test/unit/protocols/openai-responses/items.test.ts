import { foldAll, type JsonObject, type LoggedEvent } from '#libs/contract';
import {
  inputItemsOf,
  itemsToMessages,
  outputItems,
  packSummary,
  referencesOf,
  resolveReferences,
  responseIdOf,
  runIdOfItem,
  runIdOfResponse,
  systemTextOf,
  unpackSummary,
} from '#libs/protocols';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeResponses } from '../../../support/responses-request.js';

const RUN = `run_${'0a'.repeat(16)}`;
const says = (role: string, content: unknown): JsonObject => ({ type: 'message', role, content }) as JsonObject;
const call = (call_id: string, more: object = {}) => ({
  type: 'function_call',
  call_id,
  name: 'f',
  arguments: '{}',
  ...more,
});
const result = (call_id: string, output: unknown = call_id) =>
  ({ type: 'function_call_output', call_id, output }) as JsonObject;

describe('ids', () => {
  test('a response has the key of its run', () => {
    expect(responseIdOf(RUN)).toBe(`resp_${'0a'.repeat(16)}`);
    expect(runIdOfResponse(responseIdOf(RUN))).toBe(RUN);
  });

  test.each(['resp_1', RUN, 'resp_', `resp_${'0A'.repeat(16)}`, `x${responseIdOf(RUN)}`, `${responseIdOf(RUN)}\n`])(
    '%j is no id of a response',
    (id) => expect(runIdOfResponse(id)).toBeUndefined(),
  );

  test('every item of a response and of its input leads back to the run', () => {
    const path = join(import.meta.dirname, '../../../golden/openai-responses/results-out-of-order/events.jsonl');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const snapshot = foldAll(lines.map((line) => JSON.parse(line) as LoggedEvent));
    const items = [...outputItems(snapshot), ...inputItemsOf([says('user', 'Hi')], snapshot.runId)];
    expect(items).toHaveLength(6);
    for (const item of items) expect(runIdOfItem(String(item['id']))).toBe(snapshot.runId);
    expect(runIdOfItem('msg_somebody_elses')).toBeUndefined();
  });
});

describe('items as messages', () => {
  test('what the assistant says and calls without a break is one message', () => {
    const items = [
      says('user', 'Hi'),
      { type: 'reasoning', summary: [] },
      says('assistant', [{ type: 'output_text', text: 'One.', annotations: [] }]),
      says('assistant', 'Two.'),
      call('c1'),
      call('c2', { namespace: 'crm' }),
      result('c2'),
      result('c1', [
        { type: 'input_text', text: 'a' },
        { type: 'input_text', text: 'b' },
      ]),
      says('assistant', [{ type: 'refusal', refusal: 'No.' }]),
    ];
    expect(itemsToMessages(items)).toEqual([
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        text: 'One.\n\nTwo.',
        toolCalls: [
          { callId: 'c1', name: 'f', arguments: '{}' },
          { callId: 'c2', name: 'crm__f', arguments: '{}' },
        ],
      },
      { role: 'tool', callId: 'c2', output: 'c2' },
      { role: 'tool', callId: 'c1', output: 'a\nb' },
      { role: 'assistant', text: '', refusal: 'No.', toolCalls: [] },
    ]);
  });

  test('a result stands behind its call, wherever it came', () => {
    const items = [call('c1'), says('user', 'Wait.'), result('c1'), says('user', 'Go on.'), result('early')];
    expect(itemsToMessages(items).map((message) => [message.role, 'callId' in message && message.callId])).toEqual([
      ['tool', 'early'],
      ['assistant', false],
      ['tool', 'c1'],
      ['user', false],
      ['user', false],
    ]);
  });

  test('a call that was cut off is left out, and so is its result', () => {
    expect(itemsToMessages([says('user', 'Hi'), call('c1', { status: 'incomplete' }), result('c1')])).toEqual([
      { role: 'user', content: 'Hi' },
    ]);
  });

  test('a text that was broken off counts, unless the assistant began anew', () => {
    const broken = { ...says('assistant', 'Half an'), status: 'incomplete' };
    const whole = says('assistant', 'A whole answer.');
    const text = (...items: JsonObject[]) => itemsToMessages(items).map((message) => 'text' in message && message.text);
    expect(text(broken)).toEqual(['Half an']);
    expect(text(broken, says('user', 'Go on.'))).toEqual(['Half an', false]);
    expect(text(broken, whole)).toEqual(['A whole answer.']);
    expect(text(broken, { type: 'reasoning', summary: [] }, broken, whole)).toEqual(['A whole answer.']);
    expect(text(broken, call('c1') as JsonObject)).toEqual(['']);
  });

  test('images stay, with their detail', () => {
    const content = [
      { type: 'input_text', text: 'Look:' },
      { type: 'input_image', image_url: 'https://x.test/a.png', detail: 'low' },
    ];
    expect(itemsToMessages([says('user', content)])).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look:' },
          { type: 'image', url: 'https://x.test/a.png', detail: 'low' },
        ],
      },
    ]);
  });

  test('images of results follow as a message of the user, behind all results of the same calls', () => {
    const image = (name: string) => ({ type: 'input_image', image_url: `https://x.test/${name}`, detail: 'low' });
    const shown = (name: string) => ({ type: 'image', url: `https://x.test/${name}`, detail: 'low' });
    const of = (callId: string) => ({ type: 'text', text: `Images in the result of the call ${callId}:` });
    const items = [
      says('user', 'Hi'),
      call('c1'),
      call('c2'),
      call('c3'),
      says('user', 'Wait.'),
      result('c1', [{ type: 'input_text', text: 'one' }, image('a'), image('b')]),
      result('c2'),
      result('c3', [image('c')]),
      call('c4'),
      result('c4', [image('d')]),
    ];
    expect(itemsToMessages(items).filter(({ role }) => role !== 'assistant')).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'tool', callId: 'c1', output: 'one' },
      { role: 'tool', callId: 'c2', output: 'c2' },
      { role: 'tool', callId: 'c3', output: '' },
      { role: 'user', content: [of('c1'), shown('a'), shown('b'), of('c3'), shown('c')] },
      { role: 'user', content: 'Wait.' },
      { role: 'tool', callId: 'c4', output: '' },
      { role: 'user', content: [of('c4'), shown('d')] },
    ]);
    // What is continued has the call.
    expect(itemsToMessages([result('early', [image('e')])]).map(({ role }) => role)).toEqual(['tool', 'user']);
    expect(itemsToMessages([call('x', { status: 'incomplete' }), result('x', [image('f')])])).toEqual([]);
  });

  test('a compaction is told as the summary that it holds', () => {
    const items = [{ type: 'compaction', encrypted_content: packSummary('Ünïcode 🪽') }];
    expect(itemsToMessages(items)).toEqual([
      { role: 'user', content: 'Summary of the conversation so far:\nÜnïcode 🪽' },
    ]);
    expect(unpackSummary('gAAAA')).toBeUndefined();
    expect(unpackSummary('talaria.1.')).toBeUndefined();
  });

  test('system and developer texts are told apart', () => {
    const items = [says('system', 'A.'), says('user', 'Hi'), says('developer', 'B.')];
    expect(systemTextOf(items)).toBe('A.');
    expect(itemsToMessages(items).map(({ role }) => role)).toEqual(['user', 'system']);
    expect(systemTextOf([says('user', 'Hi')])).toBeUndefined();
  });

  test('output sent back as input makes the messages that were said', () => {
    const path = join(import.meta.dirname, '../../../golden/openai-responses/results-out-of-order/final.json');
    const { output } = JSON.parse(readFileSync(path, 'utf8')) as { output: JsonObject[] };
    const { messages } = decodeResponses({ input: [says('user', 'Hi'), ...output, says('user', 'More')] });
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool', 'assistant', 'user']);
  });
});

describe('input items', () => {
  test('are listed whole: type, id, status, parts', () => {
    const { input = [] } = decodeResponses({
      input: [
        'Hi',
        { role: 'assistant', content: 'Hello.' },
        { id: 'mine', role: 'user', content: [{ type: 'input_text', text: 'More' }] },
        call('c1', { status: 'completed' }),
        result('c1'),
        { type: 'reasoning', summary: [] },
      ],
    });
    const key = '0a'.repeat(16);
    expect(inputItemsOf(input, RUN)).toEqual([
      {
        id: `msg_${key}i0`,
        type: 'message',
        role: 'user',
        status: 'completed',
        content: [{ type: 'input_text', text: 'Hi' }],
      },
      {
        id: `msg_${key}i1`,
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Hello.', annotations: [] }],
      },
      {
        id: 'mine',
        type: 'message',
        role: 'user',
        status: 'completed',
        content: [{ type: 'input_text', text: 'More' }],
      },
      { ...call('c1'), id: `fc_${key}i3`, status: 'completed' },
      { ...result('c1'), id: `fco_${key}i4`, status: 'completed' },
      { type: 'reasoning', summary: [], id: `rs_${key}i5`, status: 'completed' },
    ]);
  });
});

describe('references', () => {
  const draft = decodeResponses({ input: [{ type: 'item_reference', id: 'a' }, { id: 'b' }, result('c1')] });

  test('are known by their ids and say nothing themselves', () => {
    expect(referencesOf(draft)).toEqual(['a', 'b']);
    expect(draft.messages).toEqual([{ role: 'tool', callId: 'c1', output: 'c1' }]);
  });

  test('become the items', () => {
    const items = new Map<string, JsonObject>([
      ['a', says('user', 'Hi')],
      ['b', call('c1') as JsonObject],
    ]);
    const resolved = resolveReferences(draft, items);
    expect(resolved.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    expect(referencesOf(resolved)).toEqual([]);
  });

  test('to nothing are named', () => {
    const items = new Map([['a', says('user', 'Hi')]]);
    expect(() => resolveReferences(draft, items)).toThrow(
      expect.objectContaining({ code: 'not_found', param: 'input[1].id' }),
    );
  });
});
