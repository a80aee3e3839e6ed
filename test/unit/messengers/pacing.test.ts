import { isReply, previewAt, replyModeOf } from '#libs/messengers';
import fc from '../../support/property.js';

const pace = { firstTokens: 20, editMs: 1_500 };

test('the first text is shown after so many tokens, or 0.7 s after the first one', () => {
  const state = { isGroup: false, firstTextAt: 1_000 };
  expect(previewAt(pace, { ...state, chars: 80 })).toBe(1_000);
  expect(previewAt(pace, { ...state, chars: 79 })).toBe(1_700);
});

test('edits come by time: slower in groups, the slower the longer the answer, never rarer than every 20 s', () => {
  const at = (isGroup: boolean, chars: number): number =>
    previewAt(pace, { isGroup, chars, firstTextAt: 0, shownAt: 10_000 }) - 10_000;
  expect(at(false, 0)).toBe(1_500);
  expect(at(false, 4_000)).toBe(3_000);
  expect(at(true, 0)).toBe(4_500);
  expect(at(true, 1_000_000)).toBe(20_000);
});

test.each([
  ['off', [false, false, false]],
  ['first', [true, false, false]],
  ['all', [true, true, true]],
  [' ALL ', [true, true, true]],
  ['sometimes', [true, false, false]],
  ['', [true, false, false]],
])('reply mode %j', (word, expected) => {
  expect([0, 1, 2].map((part) => isReply(replyModeOf(word), part))).toEqual(expected);
});

test('whatever somebody set as the mode: at most the first part is a reply, unless it is all or off', () => {
  const word = fc.oneof(fc.string(), fc.constantFrom('off', 'FIRST', 'All', ' all', 'off\n', 'none', 'true'));
  fc.assert(
    fc.property(word, fc.integer({ min: 0, max: 20 }), (set, part) => {
      const known = set.trim().toLowerCase();
      const isFirst = part === 0;
      expect(isReply(replyModeOf(set), part)).toBe(known === 'all' || (isFirst && known !== 'off'));
    }),
  );
});

test('the next text is never due before the one before it, and later the longer the answer is', () => {
  const state = fc.record({ isGroup: fc.boolean(), chars: fc.nat(200_000), firstTextAt: fc.nat(), shownAt: fc.nat() });
  fc.assert(
    fc.property(state, fc.nat(50_000), (now, more) => {
      const at = previewAt(pace, now);
      expect(at).toBeGreaterThan(now.shownAt);
      expect(at).toBeLessThanOrEqual(now.shownAt + 20_000);
      expect(previewAt(pace, { ...now, chars: now.chars + more })).toBeGreaterThanOrEqual(at);
      expect(previewAt(pace, { ...now, isGroup: true })).toBeGreaterThanOrEqual(at);
    }),
  );
});
