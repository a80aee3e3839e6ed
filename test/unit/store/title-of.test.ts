import type { ContentPart } from '#libs/contract';
import { titleOf } from '../../../libs/store/src/sessions/title-of.js';

const title = (content: string | readonly ContentPart[]): string | null =>
  titleOf({
    messages: [
      { role: 'assistant', text: 'Yes?', toolCalls: [] },
      { role: 'user', content },
    ],
  });

describe('a title from the first user message', () => {
  test.each([
    ['short words stay', 'What is Talaria?', 'What is Talaria?'],
    ['lines become one, markup at the start goes', '\n\n## *Plan*\tof\n the\u0000 day', 'Plan* of the day'],
    [
      'long words are cut at a word',
      'Please explain how the gateway keeps the order of turns within one session, in detail',
      'Please explain how the gateway keeps the order of turns…',
    ],
    ['a text without spaces is cut where it is', 'x'.repeat(80), `${'x'.repeat(60)}…`],
    ['letters are not cut in two', '👩‍👩‍👧'.repeat(61), `${'👩‍👩‍👧'.repeat(60)}…`],
    ['lone surrogates become storable', 'a \ud800 b', 'a \ufffd b'],
  ])('%s', (_, content, expected) => expect(title(content)).toBe(expected));

  test('images count for nothing, and no words make no title', () => {
    const image = { type: 'image', url: 'https://example.com/a.png' } as const;
    expect(title([image, { type: 'text', text: 'What is this?' }])).toBe('What is this?');
    expect([title([image]), title('  '), titleOf({ messages: [] }), titleOf(undefined)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});
