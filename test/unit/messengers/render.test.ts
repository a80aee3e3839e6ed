import { LIMITS } from '#libs/contract';
import { discordCapabilities } from '../../../libs/messengers/src/discord/capabilities.js';
import type { Capabilities, Content } from '../../../libs/messengers/src/port.js';
import { slackCapabilities } from '../../../libs/messengers/src/slack/capabilities.js';
import { telegramCapabilities } from '../../../libs/messengers/src/telegram/capabilities.js';
import fc from '../../support/property.js';

const lists = { token: 't', allowedUsers: ['7'], allowedChats: ['-5'] };
const platforms: [string, Capabilities][] = [
  ['telegram', telegramCapabilities(lists)],
  ['slack', slackCapabilities({ ...lists, threads: true, streams: true })],
  ['discord', discordCapabilities(lists)],
];

const piece = fc.oneof(
  fc.constantFrom('**bold** ', '`code` ', '[a link](https://a.example/x) ', '\n\n', '\n', ' ', '- item\n', '# Head\n'),
  fc.constantFrom(
    '| a | b |\n|---|---|\n| 1 | 2 |\n',
    '```ts\nconst a = 1;\n```\n',
    '```\n',
    '~~~\n',
    '<!channel> ',
    '@here ',
  ),
  fc.constantFrom('😀', '👩‍👩‍👧', '日本語', '\u0000', '\u200b'),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
/** Up to what twenty messages of any platform hold, and more. */
const markdown = fc
  .tuple(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 200 }))
  .map(([parts, times]) => parts.join('').repeat(times));

/** Every half of a pair has its other half. */
const isWhole = (text: string): boolean => text.isWellFormed();

describe.each(platforms)('%s: an answer as messages', (_name, { render, textMax }) => {
  test('they are few, keep their bound, are not blank, and cut no surrogate pair', () => {
    fc.assert(
      fc.property(markdown, (text) => {
        const contents = render(text);
        expect(contents.length).toBeLessThanOrEqual(LIMITS.chatPartsMax);
        for (const { text: part, file } of contents) {
          expect(part.length).toBeLessThanOrEqual(textMax);
          expect(part.trim() !== '' || file !== undefined).toBe(true);
        }
        fc.pre(isWhole(text));
        expect(contents.every(({ text: part }) => isWhole(part))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('the marks of a message lie within it, and an answer rendered twice is the same', () => {
    fc.assert(
      fc.property(markdown, (text) => {
        const contents = render(text);
        expect(render(text)).toEqual(contents);
        for (const { text: part, entities = [] } of contents) {
          for (const { offset = 0, length = 0 } of entities as { offset?: number; length?: number }[]) {
            expect(offset + length).toBeLessThanOrEqual(part.length);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('a text of words is whole in its messages, or in the file behind them, or says that it goes on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60_000 }), (count) => {
        const text = Array.from({ length: count }, (_, i) => `w${i}`).join(' ');
        const contents = render(text);
        const file = contents.find((content: Content) => content.file !== undefined)?.file;
        const shown = contents.map(({ text: part }) => part).join(' ');
        if (file) expect(file.text).toBe(text);
        else if (!shown.endsWith('left out here.]')) expect(shown).toBe(text);
        else expect(contents).toHaveLength(LIMITS.chatPartsMax);
      }),
      { numRuns: 20 },
    );
  });

  test('nothing is no message, and a hundred thousand characters without a blank are some', () => {
    expect(render('')).toEqual([]);
    expect(render(' \n\n ')).toEqual([]);
    const long = '日'.repeat(100_000);
    const contents = render(long);
    const file = contents.find((content) => content.file !== undefined)?.file;
    expect(file?.text ?? contents.map(({ text }) => text).join('')).toBe(long);
  });
});
