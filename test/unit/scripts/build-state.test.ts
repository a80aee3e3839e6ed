import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../../support/project-root.js';

interface BuildState {
  readonly WEB_SOURCES: readonly string[];
  buildState(root: string): 'none' | 'check' | 'build' | 'all';
  sourcesOf(root: string): string;
  markBuilt(root: string, built: { sources: string; checked: boolean }): void;
}

let root: string;
let state: BuildState;
beforeAll(async () => {
  state = (await import(pathToFileURL(join(projectRoot(), 'scripts/build-state.mjs')).href)) as BuildState;
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'talaria-build-'));
  for (const folder of ['apps/api', 'libs/a', 'compat/node_modules/x', 'dist/apps/api', 'docs']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const file of ['apps/api/main.ts', 'libs/a/a.ts', 'package.json', 'dist/apps/api/main.js', 'docs/a.md'])
    write(file);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (file: string, text = 'one'): void => writeFileSync(join(root, file), text);
const built = (checked = false): void => state.markBuilt(root, { sources: state.sourcesOf(root), checked });

test('a fresh clone has everything to build', () => {
  expect(state.buildState(root)).toBe('all');
});

test('an unchanged checkout has nothing to build, whatever changes beside its sources', () => {
  built(true);
  write('docs/a.md', 'two');
  write('compat/node_modules/x/index.js', 'two');
  write('dist/.tsbuildinfo', 'notes');
  expect(state.buildState(root)).toBe('none');
});

test('a build that left types alone is whole, but not checked', () => {
  built();
  expect(state.buildState(root)).toBe('check');
});

test.each(['apps/api/main.ts', 'libs/a/new.ts', 'package.json', 'package-lock.json'])(
  'a change of %s is built',
  (file) => {
    built();
    write(file, 'two');
    expect(state.buildState(root)).toBe('build');
  },
);

const { include } = JSON.parse(readFileSync(join(projectRoot(), 'tsconfig.build.json'), 'utf8')) as {
  include: string[];
};
test.each(include.map((pattern) => pattern.replace('**/*', 'new')))('a new %s is built: it is compiled', (file) => {
  mkdirSync(join(root, file, '..'), { recursive: true });
  built();
  write(file);
  expect(state.buildState(root)).toBe('build');
});

test('what settles how the page is bundled makes another page', () => {
  const settling = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts/build-web.mjs'];
  expect(state.WEB_SOURCES).toEqual(expect.arrayContaining(settling));
  expect(state.WEB_SOURCES.filter((path) => !existsSync(join(projectRoot(), path)))).toEqual([]);
});

test('a change during the build is built by the next one', () => {
  const sources = state.sourcesOf(root);
  write('libs/a/a.ts', 'two');
  state.markBuilt(root, { sources, checked: false });
  expect(state.buildState(root)).toBe('build');
});

test('a source that is gone is a change', () => {
  built();
  rmSync(join(root, 'libs/a/a.ts'));
  expect(state.buildState(root)).toBe('build');
});

test.each<[string, () => void]>([
  ['written by somebody else', () => write('dist/apps/api/main.js', 'three')],
  ['lost a file', () => rmSync(join(root, 'dist/apps/api/main.js'))],
  ['has no stamp that can be read', () => write('dist/.built.json', '{')],
])('what was built and then %s is built anew', (_what, spoil) => {
  built(true);
  spoil();
  expect(state.buildState(root)).toBe('all');
});
