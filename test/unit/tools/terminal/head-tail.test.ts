import fc from '../../../support/property.js';
import { HeadTail } from '../../../../libs/tools/src/terminal/head-tail.js';

test('however a text comes, its beginning and its end are kept', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 30 }), { maxLength: 20 }), (pieces) => {
      const kept = new HeadTail({ head: 10, tail: 20 });
      pieces.forEach((piece) => kept.add(piece));
      const text = pieces.join('');
      const expected =
        text.length <= 30
          ? text
          : `${text.slice(0, 10)}\n[${text.length - 30} characters were left out.]\n${text.slice(-20)}`;
      expect(kept.toString()).toBe(expected);
      expect(text.endsWith(kept.end(5))).toBe(true);
    }),
  );
});
