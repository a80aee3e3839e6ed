import { parseAfterSeq, parseEventCursor } from '#libs/protocols';

describe('parseEventCursor', () => {
  test.each([
    ['run_1:7', 7],
    ['run_1:0', 0],
    ['7', 7],
    ['007', 7],
    ['999999999999999', 999_999_999_999_999],
  ])('%j is %j', (text, seq) => expect(parseEventCursor(text, 'run_1')).toBe(seq));

  test.each([
    'run_2:7',
    'run_1',
    'run_1:',
    ':7',
    '',
    ' 7',
    '7 ',
    '-1',
    '+7',
    '1.5',
    '1e3',
    '0x7',
    'abc',
    '7\0',
    '٧',
    'run_1:run_1:7',
    '1152921504606846976',
  ])('%j means a full replay', (text) => expect(parseEventCursor(text, 'run_1')).toBeUndefined());
});

describe('parseAfterSeq', () => {
  test.each([
    ['0', 0],
    ['12', 12],
  ])('%j is %j', (text, seq) => expect(parseAfterSeq(text)).toBe(seq));

  test.each(['', 'abc', '-1', '1.5', 'run_1:7', '1152921504606846976', '\0', ' 1'])('refuses %j', (text) => {
    const refused = expect.objectContaining({ code: 'invalid_cursor', param: 'after_seq' }) as Error;
    expect(() => parseAfterSeq(text)).toThrow(refused);
  });
});
