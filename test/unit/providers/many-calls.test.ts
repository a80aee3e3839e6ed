import { LIMITS, type ModelEvent } from '#libs/contract';
import { jest } from '@jest/globals';
import { MessageTranslator } from '../../../libs/providers/src/anthropic/message-translator.js';
import { ChatTranslator } from '../../../libs/providers/src/openai/chat-translator.js';
import { CallIds } from '../../../libs/providers/src/upstream/answers/call-ids.js';
import { ClosedJson } from '../../../libs/providers/src/upstream/answers/closed-json.js';
import type { Translator } from '../../../libs/providers/src/upstream/read-answer.js';
import { question } from '../../support/model-lab.js';

const FRAGMENTS = 20_000;
const UPSTREAM = { name: 'lab', apiKey: undefined };

/** One event of a stream, with everything in it. */
const chatEvent = (fragment: (n: number) => object, count = FRAGMENTS): string =>
  JSON.stringify({
    choices: [{ index: 0, delta: { tool_calls: Array.from({ length: count }, (_, n) => fragment(n)) } }],
  });

interface Read {
  readonly events: readonly ModelEvent[];
  readonly error: unknown;
}

function read(translator: Translator, events: readonly string[]): Read {
  let error: unknown;
  try {
    for (const event of events) translator.readEvent(event);
  } catch (cause) {
    error = cause;
  }
  return { events: translator.take(), error };
}

afterEach(() => void jest.restoreAllMocks());

/** Counts the letters that are looked at to tell whether arguments are whole, from now to the end of the test. */
function lettersLookedAt(): () => number {
  const added = jest.spyOn(ClosedJson.prototype, 'add');
  return () => added.mock.calls.reduce((sum, [piece]) => sum + piece.length, 0);
}

const chat = (event: string): Read => read(new ChatTranslator(question('m'), UPSTREAM), [event]);
const calls = ({ events }: Read): readonly ModelEvent[] => events.filter(({ type }) => type === 'tool_call');
const tooMany = { code: 'upstream_invalid', message: 'The upstream made more than 128 tool calls.' };
const tooLong = {
  code: 'upstream_invalid',
  message: 'The upstream sent tool arguments of more than 262144 characters.',
};

describe('an upstream that makes calls without end costs what its bytes cost', () => {
  test.each<[string, (n: number) => object]>([
    ['each with an index of its own', (index) => ({ index, function: { name: 'f', arguments: '{}' } })],
    ['all with one id', (index) => ({ index, id: 'c', function: { name: 'f' } })],
    ['with ids and no index', (n) => ({ id: `c${n}`, function: { name: 'f' } })],
    ['with neither', () => ({ function: { name: 'f', arguments: '{}' } })],
  ])('%s', (_, fragment) => {
    const heard = chat(chatEvent(fragment));
    expect(heard.error).toMatchObject(tooMany);
    // What was read before is given; a call is announced when the next one begins.
    expect(calls(heard).length).toBeGreaterThanOrEqual(LIMITS.toolCallsPerStepMax - 1);
  });

  test('one call whose name comes with every fragment is read in one pass', () => {
    const looked = lettersLookedAt();
    const piece = '{"a":[0],"b":"}\\"]"},'.repeat(12);
    const heard = chat(
      chatEvent((n) => ({ index: 0, function: { name: 'f', arguments: n === 0 ? '[' : piece } }), 1_000),
    );
    expect(heard.error).toBeUndefined();
    expect(calls(heard)).toHaveLength(1);
    const letters = chat(chatEvent((n) => ({ index: 0, function: { name: 'f', arguments: n === 0 ? '[' : '1,' } })));
    expect(letters.error).toBeUndefined();
    expect(calls(letters)).toHaveLength(1);
    // Every fragment once; all that is there at every fragment would be 120 and 400 million.
    expect(looked()).toBe(1 + 999 * piece.length + 1 + 19_999 * 2);
  });

  test('arguments are bounded where they are read', () => {
    const piece = 'x'.repeat(LIMITS.toolArgumentsCharsMax / 2);
    const fragment = (): object => ({ index: 0, id: 'c', function: { name: 'f', arguments: piece } });
    expect(chat(chatEvent(fragment, 2)).error).toBeUndefined();
    expect(chat(chatEvent(fragment, 3)).error).toMatchObject(tooLong);
  });

  test('the Messages API has the same bounds', () => {
    const start = (index: number): string =>
      JSON.stringify({ type: 'content_block_start', index, content_block: { type: 'tool_use', id: 'c', name: 'f' } });
    const delta = { type: 'input_json_delta', partial_json: 'x'.repeat(LIMITS.toolArgumentsCharsMax / 2 + 1) };
    const piece = JSON.stringify({ type: 'content_block_delta', index: 0, delta });
    const messages = (events: readonly string[]): Read => read(new MessageTranslator(question('m'), UPSTREAM), events);
    for (const indexOf of [(n: number) => n, () => 0]) {
      const many = messages(Array.from({ length: FRAGMENTS }, (_, n) => start(indexOf(n))));
      expect(many.error).toMatchObject(tooMany);
      expect(calls(many)).toHaveLength(LIMITS.toolCallsPerStepMax);
    }
    expect(messages([start(0), piece]).error).toBeUndefined();
    expect(messages([start(0), piece, piece]).error).toMatchObject(tooLong);
  });

  test('an id that a long conversation used over and over is counted on', () => {
    const toolCalls = Array.from({ length: FRAGMENTS }, (_, n) => ({
      callId: n === 0 ? 'c' : `c-${n + 1}`,
      name: 'f',
      arguments: '{}',
    }));
    const ids = new CallIds([{ role: 'assistant', text: '', toolCalls }]);
    const asked = jest.spyOn(Set.prototype, 'has');
    const given = Array.from({ length: LIMITS.toolCallsPerStepMax }, (_, n) => ids.give('c', n));
    expect([given[0], given.at(-1)]).toEqual([`c-${FRAGMENTS + 1}`, `c-${FRAGMENTS + LIMITS.toolCallsPerStepMax}`]);
    // From the first number at every call would be two and a half million.
    expect(asked.mock.calls.length).toBeLessThan(FRAGMENTS + 10 * LIMITS.toolCallsPerStepMax);
  });
});

test.each<[readonly string[], boolean]>([
  [['{"a":', '1}'], true],
  [['{"a":1', '} \n'], true],
  [['{"a":{}', ',"b":['], false],
  [['["}', ']"]'], true],
  [['{"a":"\\', '"}'], false],
  [['"te', 'xt"'], true],
  [['{}', '{'], false],
  [['{}x'], false],
  [['x{}'], false],
  [[''], false],
])('%j is closed: %s', (pieces, isClosed) => {
  const json = new ClosedJson();
  for (const piece of pieces) json.add(piece);
  expect(json.isClosed).toBe(isClosed);
});
