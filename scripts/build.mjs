// Builds the page and the services into dist/, when there is anything to do: node scripts/build.mjs [--force]
// [--no-check]
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildState, markBuilt, sourcesOf } from './build-state.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Builds what is not built yet. Without `check` the compiler leaves the types alone, which takes a quarter of the time;
 * what it writes is the same. `onStart` is called when there is something to do. Resolves with the exit code.
 */
export async function build({ check, force = false, onStart = () => undefined }) {
  const state = force ? 'all' : buildState(ROOT);
  if (state === 'none' || (state === 'check' && !check)) return 0;
  onStart();
  const sources = sourcesOf(ROOT);
  if (state === 'all') rmSync(join(ROOT, 'dist/.tsbuildinfo'), { force: true });
  const tsc = [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'tsconfig.build.json')];
  const codes = await Promise.all([
    run([join(ROOT, 'scripts/build-web.mjs')]),
    run(check ? tsc : [...tsc, '--noCheck']),
  ]);
  const failed = codes.find((code) => code !== 0);
  if (failed !== undefined) return failed;
  markBuilt(ROOT, { sources, checked: check });
  return 0;
}

/** Resolves with the exit code of a program of Node.js; 1 when it was killed or could not begin. */
function run(args) {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await build({
    check: !process.argv.includes('--no-check'),
    force: process.argv.includes('--force'),
  });
}
