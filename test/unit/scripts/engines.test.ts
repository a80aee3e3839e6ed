import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const script = join(import.meta.dirname, '../../../scripts/engines.mjs');
const NODE = '^20.19.0 || ^22.13.0 || >=24';

/** What the script says in a folder. */
function look(cwd: string): { status: number | null; output: string } {
  const { status, stdout } = spawnSync(process.execPath, [script], { cwd, encoding: 'utf8' });
  return { status, output: stdout };
}

/** What the script says of a lock file with these packages. */
function lookAt(packages: object): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'talaria-engines-'));
  try {
    const manifest = { engines: { node: NODE }, allowScripts: { decided: false } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
    return look(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('npm ci has nothing to warn of on any version of Node that the gateway runs on', () => {
  expect(look(process.cwd())).toEqual({ status: 0, output: '' });
});

test('a package that is too new, and an install script that nobody decided on, are named', () => {
  const packages = {
    '': { engines: { node: NODE } },
    'node_modules/old': { version: '1.0.0', engines: { node: '>=18' } },
    'node_modules/old/node_modules/@new/one': { version: '2.0.0', engines: { node: '>=22' } },
    'node_modules/decided': { version: '1.0.0', hasInstallScript: true },
    'node_modules/builder': { version: '1.0.0', hasInstallScript: true },
  };
  expect(lookAt(packages)).toEqual({
    status: 1,
    output: '@new/one 2.0.0 needs Node >=22\nbuilder 1.0.0 has an install script\n',
  });
});
