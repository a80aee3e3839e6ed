import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from '../launch-error.js';
import { identify, isAlive, parseIdentity, type ProcessIdentity } from './process-identity.js';

export type LockOutcome =
  | {
      readonly kind: 'held';
      readonly release: () => void;
      /** Tells whoever finds the lock taken that its holder is on its way out. */
      readonly leave: () => void;
    }
  | { readonly kind: 'taken'; readonly pid: number; readonly isStopping: boolean };

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
  const me = identify(process.pid) ?? { pid: process.pid, started: '' };
  writeFileSync(aside, JSON.stringify(me));
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      if (link(aside, path)) return held(path, me);
      const holder = readHolder(path);
      if (holder && isAlive(holder)) return { kind: 'taken', pid: holder.pid, isStopping: holder.isStopping };
      removeStale(path, `${aside}.stale`);
    }
    const { pid = 0, isStopping = false } = readHolder(path) ?? {};
    return { kind: 'taken', pid, isStopping };
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

function held(path: string, me: ProcessIdentity): LockOutcome {
  const leaving = JSON.stringify({ ...me, stopping: true });
  const isMine = (): boolean => [JSON.stringify(me), leaving].includes(readText(path) ?? '');
  return {
    kind: 'held',
    leave: () => {
      if (!isMine()) return;
      const aside = `${path}.${process.pid}`;
      writeFileSync(aside, leaving);
      renameSync(aside, path);
    },
    release: () => {
      if (isMine()) rmSync(path, { force: true });
    },
  };
}

interface Holder extends ProcessIdentity {
  readonly isStopping: boolean;
}

function readHolder(path: string): Holder | undefined {
  try {
    const record = JSON.parse(readText(path) ?? '') as { stopping?: unknown } | null;
    const identity = parseIdentity(record);
    return identity && { ...identity, isStopping: record?.stopping === true };
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
