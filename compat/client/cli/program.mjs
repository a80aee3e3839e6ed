import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PNG } from '../lab.mjs';

const require = createRequire(import.meta.url);
/** A program that is still there then is ended with all that it started, in milliseconds. */
const PROGRAM_MS_MAX = 240_000;
/** Ends what runs now, when this process is ended itself: its programs have groups of their own. */
const running = new Set();
process.once('SIGTERM', () => {
  for (const end of running) end();
  process.exit(1);
});
export const GIVEN = 'What the file says.';

/** A file of the package for this platform: `<name>-linux-x64` and so on. @throws where there is none. */
export function inPlatformPackage(name, file) {
  const { platform, arch } = process;
  return join(dirname(require.resolve(`${name}-${platform}-${arch}/package.json`)), file);
}

/** A home and a folder to work in, which nobody else has. `remove` ends both. */
export async function freshPlace() {
  const root = await mkdtemp(join(tmpdir(), 'talaria-compat-'));
  const place = { home: join(root, 'home'), work: join(root, 'work') };
  await Promise.all([mkdir(place.home), mkdir(place.work)]);
  await writeFile(join(place.work, 'given.txt'), GIVEN);
  await writeFile(join(place.work, 'dot.png'), Buffer.from(PNG, 'base64'));
  return { ...place, remove: () => rm(root, { recursive: true, force: true, maxRetries: 5 }) };
}

/**
 * Runs a program in that place, with no way to anywhere but this machine.
 * @param options `input` what it reads; `onStart` gets a function that interrupts it, as Ctrl-C does
 * @returns its code (null when it was ended by a signal), its output, and the lines of it that are JSON
 */
export async function runProgram(file, args, { place, env, input, onStart }) {
  const child = spawn(file, args, {
    cwd: place.work,
    env: {
      PATH: process.env.PATH,
      HOME: place.home,
      TERM: 'dumb',
      // Whatever it would tell or fetch elsewhere fails at once instead of waiting for an answer.
      HTTPS_PROXY: 'http://127.0.0.1:9',
      NO_PROXY: '127.0.0.1,localhost',
      TALARIA_TEST_RUN: process.env.TALARIA_TEST_RUN ?? '',
      ...env,
    },
    // A group of its own, so that what it started can be ended with it.
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const signal = (name) => {
    try {
      process.kill(-child.pid, name);
    } catch {
      // It has ended.
    }
  };
  child.stdin?.end(input);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  const end = () => signal('SIGKILL');
  running.add(end);
  const timer = setTimeout(end, PROGRAM_MS_MAX);
  onStart?.(() => signal('SIGINT'));
  try {
    const code = await ended;
    return { code, output, errors, events: jsonLines(output) };
  } finally {
    clearTimeout(timer);
    end();
    running.delete(end);
  }
}

function jsonLines(text) {
  return text.split('\n').flatMap((line) => {
    try {
      return line.startsWith('{') ? [JSON.parse(line)] : [];
    } catch {
      return [];
    }
  });
}
