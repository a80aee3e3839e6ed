import fc from '../../support/property.js';
import { renderFrame } from '#libs/protocols';
import { readStream } from '../../support/transcript.js';

describe('renderFrame', () => {
  test.each([
    [{ data: '{"a":1}' }, 'data: {"a":1}\n\n'],
    [{ data: '' }, 'data: \n\n'],
    [{ event: 'x', data: '1' }, 'event: x\ndata: 1\n\n'],
    [{ id: 'run_1:7', data: '1' }, 'id: run_1:7\ndata: 1\n\n'],
    [{ event: 'x', id: 'i', data: '1' }, 'event: x\nid: i\ndata: 1\n\n'],
    [{ data: 'a\nb\r\nc\rd' }, 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
    [{ data: 'a\u2028b\u2029c\u0085d' }, 'data: a\u2028b\u2029c\u0085d\n\n'],
    [{ comment: 'stream closed' }, ': stream closed\n\n'],
    [{ comment: 'a\n\ndata: b' }, ': a\n: \n: data: b\n\n'],
    [{ event: 'x\ndata: forged', id: '1\r\n2\0', data: '1' }, 'event: x data: forged\nid: 1 2 \ndata: 1\n\n'],
  ])('%j', (frame, text) => expect(renderFrame(frame)).toBe(text));

  test('nothing in the data ends a frame or begins another', () => {
    const hostile = fc.array(
      fc.constantFrom('\n', '\r', '\r\n', '\n\n', 'event: x', 'data: y', ':', ' ', '\u2028', 'é'),
    );
    fc.assert(
      fc.property(hostile, (pieces) => {
        const data = `.${pieces.join('')}.`;
        const { frames, comments } = readStream(renderFrame({ data }) + renderFrame({ data: 'next' }));
        expect(comments).toEqual([]);
        expect(frames).toEqual([{ data: data.replaceAll(/\r\n|\r/g, '\n') }, { data: 'next' }]);
      }),
    );
  });
});
