import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCli } from './program.js';

// `talaria runs ls | head`: the reader has gone, and nobody is left to tell.
process.stdout.on('error', () => process.exit(0));

const packageFile = fileURLToPath(new URL('../../../../package.json', import.meta.url));
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
const code = await runCli(process.argv.slice(2), {
  env: process.env,
  out: process.stdout,
  err: process.stderr,
  version,
  pause: (ms) => sleep(ms),
});
// What is still under way to a pipe is written first; connections that are kept alive do not hold the process.
process.stdout.write('', () => process.exit(code));
