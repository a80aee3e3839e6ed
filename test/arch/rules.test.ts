import { ESLint } from 'eslint';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const cwd = join(import.meta.dirname, '../..');

/** What ESLint says of a text in the place of a file of ours: the lines that rules of restricted words complain of. */
async function linesRefused(filePath: string, lines: readonly string[]): Promise<number[]> {
  const eslint = new ESLint({
    cwd,
    ruleFilter: ({ ruleId }) => ruleId.startsWith('no-restricted-'),
    // None of these rules asks for types, which take half a minute to be known.
    overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  });
  const [result] = await eslint.lintText(lines.join('\n'), { filePath: join(cwd, filePath) });
  return [...new Set(result?.messages.map(({ line }) => line))];
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
  expect(await linesRefused('libs/bus/src/run-log/run-id.ts', ENVIRONMENT)).toEqual([1, 2, 3, 4, 5]);
});

test('a pure library has no clock, no chance, no network', async () => {
  const fine = ["export const day = new Date('2026-01-01');"];
  expect(await linesRefused('libs/agent/src/run-agent.ts', [...IMPURE, ...fine])).toEqual([1, 2, 3, 4, 5, 6]);
});

/** The page is no part of it: Vite builds it. */
async function foldersIn(parent: 'apps' | 'libs'): Promise<string[]> {
  return (await readdir(join(cwd, parent))).filter((name) => name !== 'web').map((name) => `${parent}/${name}`);
}

test('the Nest CLI knows every app and every library, each under a name of its own', async () => {
  const text = await readFile(join(cwd, 'nest-cli.json'), 'utf8');
  const { projects } = JSON.parse(text) as { projects: Record<string, { sourceRoot: string }> };
  const units = [...(await foldersIn('apps')), ...(await foldersIn('libs'))];
  const known = Object.values(projects).map(({ sourceRoot }) => sourceRoot);
  expect(known.sort()).toEqual(units.map((unit) => `${unit}/src`).sort());
});
