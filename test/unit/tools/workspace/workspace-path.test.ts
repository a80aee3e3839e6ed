import fc from '../../../support/property.js';
import { posix, win32 } from 'node:path';
import { Refusal } from '../../../../libs/tools/src/workspace/refusal.js';
import { isFilePath, parseFilePath, parseWorkspacePath } from '../../../../libs/tools/src/workspace/workspace-path.js';

const refused = (path: string): boolean => {
  try {
    parseWorkspacePath(path);
    return false;
  } catch (error) {
    if (error instanceof Refusal) return true;
    throw error;
  }
};

test.each<[string, string[]]>([
  ['a.txt', ['a.txt']],
  ['./src//main.ts', ['src', 'main.ts']],
  ['src/', ['src']],
  ['', []],
  ['.', []],
  ['.env', ['.env']],
  ['a..b', ['a..b']],
  ['Grüße/名前 (1).txt', ['Grüße', '名前 (1).txt']],
  ['console.log', ['console.log']],
])('%j is a path', (text, parts) => {
  expect(parseWorkspacePath(text)).toEqual(parts);
});

test.each([
  ['upwards', '..'],
  ['upwards within', 'a/../../b'],
  ['upwards and back', '../root/a'],
  ['three dots', '.../a'],
  ['absolute', '/etc/passwd'],
  ['doubly absolute', '//server/share'],
  ['a home', '~root/.ssh/id'],
  ['backslashes', '..\\..\\a'],
  ['one backslash', 'a\\b'],
  ['a drive', 'C:/windows'],
  ['a stream', 'a.txt:secret'],
  ['NUL', 'a\0.txt'],
  ['NUL that cuts', '../\0a'],
  ['a line end', 'a\nb'],
  ['an escape sequence', 'a\u001b[2J'],
  ['two-dot leader', '\u2025/a'],
  ['an ellipsis', '\u2026/a'],
  ['full-width dots', '\uff0e\uff0e/a'],
  ['small full stops', '\ufe52\ufe52/a'],
  ['one-dot leaders', '\u2024\u2024/a'],
  ['a full-width slash', '..\uff0fa'],
  ['a full-width slash alone', 'a\uff0fb'],
  ['a full-width backslash', 'a\uff3cb'],
  ['a small backslash', 'a\ufe68b'],
  ['a full-width colon', 'C\uff1aa'],
  ['an account-of sign, which holds a slash', 'a\u2100b'],
  ['a zero-width space', '.\u200b./a'],
  ['a direction mark', 'a\u202etxt.exe'],
  ['a byte order mark', '\ufeff..'],
  ['half a character', 'a\ud800'],
  ['dots and a space', '.. /a'],
  ['a trailing dot', 'a./b'],
  ['a trailing space', 'a /b'],
  ['a device', 'nul'],
  ['a device with an extension', 'x/CON.txt'],
  ['a device in full-width letters', '\uff43\uff4f\uff4e'],
  ['our own files', '.talaria-todo.json'],
  ['our own files in capitals', '.TALARIA-x'],
  ['too long', 'a/'.repeat(600)],
  ['a name too long', 'ü'.repeat(200)],
  ['too deep', 'a/'.repeat(40)],
])('refused: %s', (_what, path) => {
  expect(refused(path)).toBe(true);
});

test('percent signs are letters, not an encoding', () => {
  expect(parseWorkspacePath('%2e%2e/a')).toEqual(['%2e%2e', 'a']);
});

test('whatever the text, what comes out stays in the folder, for every way of reading paths', () => {
  const bits = [
    '..',
    '.',
    '/',
    '\\',
    'a',
    ' ',
    ':',
    '\0',
    '\u2025',
    '\uff0e',
    '\uff0f',
    '\u200b',
    'con',
    '~',
    '\ud800',
  ];
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...bits), { maxLength: 12 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (path) => {
      if (refused(path)) return;
      const parts = parseWorkspacePath(path);
      const joined = parts.join('/');
      for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
        const normal = joined.normalize(form);
        expect(posix.resolve('/ws', normal).startsWith('/ws')).toBe(true);
        expect(normal.split('/')).toHaveLength(Math.max(1, parts.length));
        expect(win32.resolve('C:\\ws', normal).startsWith('C:\\ws')).toBe(true);
      }
      expect(parts.every((part) => part !== '' && part !== '.' && part !== '..' && !/[/\\\0]/.test(part))).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test.each(['', '.', 'd/', 'd/.', './', 'a//', 'a/./'])('%j is the path of a folder and of no file', (path) => {
  parseWorkspacePath(path);
  expect(() => parseFilePath(path)).toThrow();
  expect(isFilePath(path)).toBe(false);
});

test.each([
  ['d/a.txt', true],
  ['.hidden', true],
  ['a', true],
  ['./a', false],
  ['d//a', false],
  ['10:30.md', false],
  ['a.', false],
])('%j is written as a file is listed: %s', (path, isFine) => expect(isFilePath(path)).toBe(isFine));
