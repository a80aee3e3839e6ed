import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../support/project-root.js';

const read = (file: string): string => readFileSync(join(projectRoot(), file), 'utf8');
const { scripts, allowScripts } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  allowScripts: Record<string, boolean>;
};

/** npm 10 reads `.npmrc`, npm 11 also `allowScripts`. */
test('no package runs a program when it is installed', () => {
  expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  const names = Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
    hasInstallScript ? [path.replace(/^.*node_modules\//, '')] : [],
  );
  expect(names.length).toBeGreaterThan(0);
  expect([...new Set(names)].filter((name) => allowScripts[name] !== false)).toEqual([]);
});

test('no script of ours counts on running before or after another: with ignore-scripts it would not', () => {
  const names = Object.keys(scripts);
  expect(names.filter((name) => names.includes(name.replace(/^(pre|post)/, '')) && /^(pre|post)/.test(name))).toEqual(
    [],
  );
});
