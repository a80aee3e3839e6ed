import { isTooDeep, LIMITS, type JsonValue } from '#libs/contract';
import { readCall } from '../../../libs/providers/src/quirks/forced-text/read-call.js';
import { parseArguments } from '../../../libs/protocols/src/arguments-preview.js';
import { toTurns } from '../../../libs/providers/src/anthropic/turns.js';

const nested = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
/** JSON.parse takes it, JSON.stringify does not. */
const DEEP = nested(20_000);

test.each([
  [1, false],
  [LIMITS.jsonDepthMax, false],
  [LIMITS.jsonDepthMax + 1, true],
  [20_000, true],
])('%d levels are too many: %s', (levels, isIt) => {
  expect(isTooDeep(JSON.parse(nested(levels)) as JsonValue)).toBe(isIt);
  expect(isTooDeep(JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as JsonValue)).toBe(isIt);
});

describe('arguments that nobody could write anew', () => {
  test('are shown to the model that wrote them as a text', () => {
    const call = { callId: 'c', name: 't', arguments: DEEP };
    const turns = toTurns([
      { role: 'user', content: 'x' },
      { role: 'assistant', text: '', toolCalls: [call] },
    ]);
    expect(JSON.stringify(turns)).toContain('invalid_arguments');
  });

  test('are shown to callers as none', () => {
    expect(parseArguments(DEEP)).toBeUndefined();
  });

  test('are no call that was written down as text', () => {
    const tools = ['t', 'u'].map((name) => ({ name, parameters: { type: 'object' } }));
    expect(readCall(JSON.stringify({ name: 't', arguments: DEEP }), tools) === undefined).toBe(true);
  });
});
