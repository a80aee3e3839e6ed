// npm test: build, types, lint, then every test. npm test -- FILE ...: those tests alone, and before them no more than
// they need, which is a build for tests that start the compiled services, and nothing for all others.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { build } from './build.mjs';

/** Tests of the sources: they start no compiled service. */
const OF_SOURCES = /^(\.\/)?test\/(unit|contract|golden|arch)\//;

const args = process.argv.slice(2);
const files = args.filter((argument) => !argument.startsWith('-') && existsSync(argument));
process.exitCode = (await prepare()) || (await npm('jest', args));

async function prepare() {
  if (files.length === 0) return npm('check', []);
  if (files.every((file) => OF_SOURCES.test(file))) return 0;
  return build({ check: false, onStart: () => process.stdout.write('Building ...\n') });
}

function npm(script, more) {
  const child = spawn('npm', ['run', '--silent', script, '--', ...more], { stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
