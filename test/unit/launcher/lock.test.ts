import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeLock } from '../../../apps/launcher/src/processes/lock.js';
import { identify, isAlive } from '../../../apps/launcher/src/processes/process-identity.js';

let root: string;
let dir: string;
let lock: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'talaria-lock-'));
  dir = join(root, 'data');
  lock = join(dir, 'launcher.lock');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function take(): () => void {
  const outcome = takeLock(dir);
  if (outcome.kind === 'taken') throw new Error(`taken by ${outcome.pid}`);
  return outcome.release;
}

describe('the lock of a data folder', () => {
  test('is had by one, and free again after it', () => {
    const release = take();
    expect(takeLock(dir)).toEqual({ kind: 'taken', pid: process.pid, isStopping: false });
    release();
    take()();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('of a living process stays, and says whose it is', async () => {
    take()();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
    writeFileSync(lock, JSON.stringify(identify(other.pid ?? 0)));
    expect(takeLock(dir)).toEqual({ kind: 'taken', pid: other.pid, isStopping: false });
    await killed(other);
    take()();
  });

  test('of a process that is gone, or whose number somebody else has now, is taken over', () => {
    take()();
    writeFileSync(lock, JSON.stringify({ pid: 4_194_300, started: '1' }));
    take()();
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: 'before the last boot' }));
    take()();
  });

  test.each(['', '{', 'null', '"x"', '{"pid":"1"}'])('that says %j is nobody’s', (content) => {
    take()();
    writeFileSync(lock, content);
    take()();
  });

  test('of one who leaves says so until it is free', () => {
    const outcome = takeLock(dir);
    if (outcome.kind === 'taken') throw new Error('taken');
    outcome.leave();
    expect(takeLock(dir)).toEqual({ kind: 'taken', pid: process.pid, isStopping: true });
    outcome.release();
    expect(readdirSync(dir)).toEqual([]);
    outcome.leave();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('is not removed by one who lost it', () => {
    const release = take();
    writeFileSync(lock, 'somebody else');
    release();
    expect(readFileSync(lock, 'utf8')).toBe('somebody else');
  });
});

test('a process is known by number and start', async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
  const identity = identify(other.pid ?? 0);
  if (!identity) throw new Error('a living process has no identity');
  expect(isAlive(identity)).toBe(true);
  expect(isAlive({ ...identity, started: '1' })).toBe(false);
  await killed(other);
  expect(isAlive(identity)).toBe(false);
});

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
