import { execFile } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** What ESLint says of a text in the place of a file of ours: the lines it complains of. */
function linesRefused(file: string, lines: readonly string[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const args = ['eslint', '--stdin', '--stdin-filename', file, '--format', 'json'];
    const child = execFile('npx', args, { cwd: root }, (_error, stdout) => {
      try {
        const [result] = JSON.parse(stdout) as { messages: { line: number; ruleId: string }[] }[];
        const restricted = (result?.messages ?? []).filter(({ ruleId }) => ruleId.startsWith('no-restricted-'));
        resolve([...new Set(restricted.map(({ line }) => line))]);
      } catch (cause) {
        reject(cause as Error);
      }
    });
    child.stdin?.end(lines.join('\n'));
  });
}

const ENVIRONMENT = [
  "import { env as environment } from 'node:process';",
  'export const { env } = process;',
  "export const a = process['env'].A ?? environment['A'];",
  'export const b = process.env.B;',
  "export const c = globalThis.process.env['C'];",
];
const IMPURE = [
  'export const now = Date.now();',
  'export const today = new Date();',
  'export const dice = Math.random();',
  'export const id = crypto.randomUUID();',
  "export const answer = await fetch('http://127.0.0.1');",
  'export const timer = setTimeout(() => undefined, 1);',
];

test('the environment is not read anywhere else, however it is spelled', async () => {
  expect(await linesRefused('libs/bus/src/run-id.ts', ENVIRONMENT)).toEqual([1, 2, 3, 4, 5]);
});

test('a pure library has no clock, no chance, no network', async () => {
  const fine = ["export const day = new Date('2026-01-01');"];
  expect(await linesRefused('libs/agent/src/run-agent.ts', [...IMPURE, ...fine])).toEqual([1, 2, 3, 4, 5, 6]);
});
