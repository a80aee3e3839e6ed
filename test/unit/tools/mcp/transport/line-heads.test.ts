import fc from '../../../../support/property.js';
import { LineHeads } from '../../../../../libs/tools/src/mcp/transport/line-heads.js';

function headsOf(charsMax: number, chunks: readonly Buffer[]): string[] {
  const found: string[] = [];
  const heads = new LineHeads(charsMax, (head) => found.push(head));
  for (const chunk of chunks) heads.add(chunk);
  heads.end();
  return found;
}

test('lines come as they are, cut at their limit, however they were cut into chunks', () => {
  const bytes = Buffer.from('Grüße\r\n\n🌍 abcdefghij\nlast');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: bytes.length }), fc.integer({ min: 0, max: bytes.length }), (a, b) => {
      const [first, second] = [Math.min(a, b), Math.max(a, b)];
      const chunks = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
      expect(headsOf(8, chunks)).toEqual(['Grüße', '🌍 abcde', 'last']);
    }),
  );
});
