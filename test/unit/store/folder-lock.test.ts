import { FolderLockedError, pgliteDatabase } from '#libs/store';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder } from '../../../libs/store/src/folder-lock.js';

describe('the lock of an embedded database', () => {
  let root: string;
  let dir: string;
  let path: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'talaria-lock-'));
    dir = join(root, 'db');
    path = `${dir}.lock`;
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const lockOf = (fields: object): Promise<void> => writeFile(path, JSON.stringify({ host: hostname(), ...fields }));
  const takes = async (): Promise<void> => {
    const lock = await lockFolder(dir);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
    await lock.release();
    expect(existsSync(path)).toBe(false);
  };
  const age = async (seconds: number): Promise<void> => {
    const then = Date.now() / 1_000 - seconds;
    await utimes(path, then, then);
  };

  test('it is held until it is released', async () => {
    const lock = await lockFolder(dir);
    await expect(lockFolder(dir)).rejects.toThrow(FolderLockedError);
    await lock.release();
    await takes();
  });

  test('a living process of this host keeps it, and the message names the process and the way out', async () => {
    await lockOf({ pid: process.ppid });
    await age(3_600);
    await expect(lockFolder(dir)).rejects.toThrow(`in use by process ${process.ppid} on ${hostname()}`);
    await expect(pgliteDatabase({ dir })).rejects.toThrow(/One store process .* set DATABASE_URL/);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.ppid });
  });

  test('the lock of a dead process is taken over', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await once(child, 'exit');
    await lockOf({ pid: child.pid });
    await takes();
  });

  test('a pid that is another process by now does not keep it', async () => {
    await lockOf({ pid: process.pid, started: '1' });
    await takes();
  });

  test('the lock of another host counts while it is touched, and no longer', async () => {
    await lockOf({ pid: 1, host: 'some-old-container' });
    await age(20);
    await expect(lockFolder(dir)).rejects.toThrow('process 1 on some-old-container');
    await age(60);
    await takes();
  });

  test('a lock that was cut off while it was written counts for a moment, and no longer', async () => {
    await writeFile(path, '');
    await expect(lockFolder(dir)).rejects.toThrow('a process that is starting');
    await age(60);
    await takes();
  });

  test('of many that find a stale lock at once, one gets it', async () => {
    for (let round = 0; round < 20; round++) {
      await lockOf({ pid: process.pid, started: '1' });
      const results = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(dir)));
      const locks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(locks).toHaveLength(1);
      await locks[0]?.release();
    }
  });

  test('a takeover that was cut off is cleared away after a while', async () => {
    await lockOf({ pid: process.pid, started: '1' });
    await mkdir(`${path}.takeover`);
    await expect(lockFolder(dir)).rejects.toThrow('just now');
    const then = Date.now() / 1_000 - 60;
    await utimes(`${path}.takeover`, then, then);
    await expect(lockFolder(dir)).rejects.toThrow('just now');
    await takes();
  });
});
