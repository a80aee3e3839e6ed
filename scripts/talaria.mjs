#!/usr/bin/env node
// `npx talaria` and `npm run talaria --`: the command line that speaks to a running gateway. Builds it when nobody has
// yet; a program that only asks does not look whether sources have changed since.
import { existsSync } from 'node:fs';
import { build } from './build.mjs';
import { enableCompileCache } from './compile-cache.mjs';

const main = new URL('../dist/apps/cli/src/main.js', import.meta.url);
const code = existsSync(main)
  ? 0
  : await build({ check: false, onStart: () => process.stderr.write('Building ...\n') });
if (code === 0) {
  enableCompileCache();
  await import(main.href);
} else {
  process.exitCode = code;
}
