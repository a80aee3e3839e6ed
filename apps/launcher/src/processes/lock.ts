import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from '../launch-error.js';
import { identify, isAlive, parseIdentity, type ProcessIdentity } from './process-identity.js';

export type LockOutcome =
  { readonly kind: 'held'; readonly release: () => void } | { readonly kind: 'taken'; readonly pid: number };

/**
 * Makes this process the only launcher on a data folder (created when missing). The lock is a file that names its
 * holder; one whose holder is gone is taken over. Throws LaunchError when the folder cannot be used.
 *
 * The file appears whole: it is written aside and linked into place, and linking fails when the name is taken.
 */
export function takeLock(dataDir: string): LockOutcome {
  try {
    return lock(dataDir);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new LaunchError(
      `The data folder ${dataDir} cannot be used (${code}). Make it writable for this user, or set TALARIA_DATA.`,
    );
  }
}

function lock(dataDir: string): LockOutcome {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'launcher.lock');
  const aside = `${path}.${process.pid}`;
  const me = JSON.stringify(identify(process.pid) ?? { pid: process.pid, started: '' });
  writeFileSync(aside, me);
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      if (link(aside, path)) return { kind: 'held', release: () => releaseLock(path, me) };
      const holder = readHolder(path);
      if (holder && isAlive(holder)) return { kind: 'taken', pid: holder.pid };
      removeStale(path, `${aside}.stale`);
    }
    return { kind: 'taken', pid: readHolder(path)?.pid ?? 0 };
  } finally {
    rmSync(aside, { force: true });
  }
}

const ATTEMPTS_MAX = 5;

/**
 * Moves a stale lock away. Two launchers may get here at once, and the slower one may move the lock that the faster one
 * has just made: then it is put back.
 */
function removeStale(path: string, away: string): void {
  try {
    renameSync(path, away);
  } catch {
    return; // somebody else has moved it
  }
  const holder = readHolder(away);
  if (holder && isAlive(holder)) link(away, path);
  rmSync(away, { force: true });
}

function releaseLock(path: string, mine: string): void {
  if (readText(path) === mine) rmSync(path, { force: true });
}

function readHolder(path: string): ProcessIdentity | undefined {
  try {
    return parseIdentity(JSON.parse(readText(path) ?? ''));
  } catch {
    return undefined; // not ours, or cut off: nobody holds it
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}
