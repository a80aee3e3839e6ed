import { parseEventCursor } from '#libs/protocols';

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
