import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../support/project-root.js';

interface LockEntry {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}
const entriesOf = (file: string): [string, LockEntry][] => {
  const { packages } = JSON.parse(readFileSync(join(projectRoot(), file), 'utf8')) as {
    packages: Record<string, LockEntry>;
  };
  return Object.entries(packages).filter(([path, { link }]) => path !== '' && !link);
};
const allows = (words: readonly string[] | undefined, word: string): boolean =>
  words === undefined || words.includes(word);
const PROCESSORS = ['x64', 'arm64'];
const isInstalled = ({ os, cpu }: LockEntry): boolean =>
  allows(os, 'linux') && PROCESSORS.some((processor) => allows(cpu, processor));

const nameOf = (path: string): string => path.replace(/^node_modules\//, '');

/** Packages of platforms that the registry at hand did not serve: `scripts/complete-lock.mjs` named them. */
const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  'package-lock.json': [
    '@msgpackr-extract/msgpackr-extract-darwin-arm64',
    '@msgpackr-extract/msgpackr-extract-darwin-x64',
    '@msgpackr-extract/msgpackr-extract-linux-arm',
    '@msgpackr-extract/msgpackr-extract-win32-x64',
    '@swc/core-darwin-arm64',
    '@swc/core-darwin-x64',
    '@swc/core-linux-arm-gnueabihf',
    '@swc/core-linux-ppc64-gnu',
    '@swc/core-linux-s390x-gnu',
    '@swc/core-win32-arm64-msvc',
    '@swc/core-win32-ia32-msvc',
    '@swc/core-win32-x64-msvc',
    '@unrs/resolver-binding-android-arm-eabi',
    '@unrs/resolver-binding-android-arm64',
    '@unrs/resolver-binding-darwin-arm64',
    '@unrs/resolver-binding-darwin-x64',
    '@unrs/resolver-binding-freebsd-x64',
    '@unrs/resolver-binding-linux-arm-gnueabihf',
    '@unrs/resolver-binding-linux-arm-musleabihf',
    '@unrs/resolver-binding-linux-loong64-gnu',
    '@unrs/resolver-binding-linux-loong64-musl',
    '@unrs/resolver-binding-linux-ppc64-gnu',
    '@unrs/resolver-binding-linux-riscv64-gnu',
    '@unrs/resolver-binding-linux-riscv64-musl',
    '@unrs/resolver-binding-linux-s390x-gnu',
    '@unrs/resolver-binding-openharmony-arm64',
    '@unrs/resolver-binding-win32-arm64-msvc',
    '@unrs/resolver-binding-win32-ia32-msvc',
    '@unrs/resolver-binding-win32-x64-msvc',
  ],
  // Clients of the compatibility matrix alone. One of them comes without digests for other Linux than x64 with glibc.
  'compat/package-lock.json': [
    'opencode-darwin-arm64',
    'opencode-darwin-x64',
    'opencode-darwin-x64-baseline',
    'opencode-linux-arm64',
    'opencode-linux-arm64-musl',
    'opencode-linux-x64-baseline-musl',
    'opencode-linux-x64-musl',
    'opencode-windows-arm64',
    'opencode-windows-x64',
    'opencode-windows-x64-baseline',
  ],
};

describe.each(Object.entries(WITHOUT))('%s', (file, without) => {
  const known = new Set(without);

  test('holds the digest of everything else, and everything without one is optional and of one platform', () => {
    const entries = entriesOf(file);
    expect(entries.length).toBeGreaterThan(50);
    const open = entries.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''));
    expect(new Set(open.map(([path]) => nameOf(path)))).toEqual(known);
    expect(open.every(([, { optional, os }]) => optional === true && os !== undefined)).toBe(true);
  });

  test('takes nothing by another way than https', () => {
    const others = entriesOf(file).filter(([, { resolved }]) => resolved !== undefined && !/^https:/.test(resolved));
    expect(others.map(([path]) => path)).toEqual([]);
  });
});

test('nothing that the gateway installs on Linux is without a digest', () => {
  const open = entriesOf('package-lock.json').filter(([, entry]) => isInstalled(entry) && !entry.integrity);
  expect(open.map(([path]) => path)).toEqual([]);
});

test.each(['README.md', 'CONTRIBUTING.md', 'docs/compatibility.md', '.ci/run', 'Dockerfile'])(
  '%s installs without scripts of packages, whatever npm reads of the settings',
  (file) => {
    const lines = readFileSync(join(projectRoot(), file), 'utf8').split('\n');
    const installs = lines.filter((line) => /\bnpm (ci|prune)\b/.test(line));
    expect(installs.length).toBeGreaterThan(0);
    expect(installs.filter((line) => !line.includes('--ignore-scripts'))).toEqual([]);
  },
);
