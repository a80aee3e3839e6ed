import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Another process uses the folder. The message says which. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError';
}

interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in kernel ticks, where /proc has it, because another process may have the same pid by now. */
  readonly started?: string;
}

/**
 * How often the owner touches its lock, and after which silence the lock of another host, whose pids mean nothing here,
 * counts as stale.
 */
const TOUCH_MS = 5_000;
const SILENCE_MS_MAX = 30_000;

/**
 * Takes `<dir>.lock`, a file that names its owner, and keeps it fresh until `release`. The lock of a dead process is
 * taken over. On this host a dead process is recognised by pid and start time, on another host (a container that was
 * replaced) by the lock's age. Rejects with FolderLockedError when the owner is alive.
 */
export async function lockFolder(dir: string): Promise<{ release(): Promise<void> }> {
  const path = `${dir}.lock`;
  const owner: LockOwner = { pid: process.pid, host: hostname(), ...(await startOf(process.pid)) };
  const text = JSON.stringify(owner);
  if (!(await create(path, text))) await takeOver({ path, dir, text });
  const timer = setInterval(() => void touch(path), TOUCH_MS).unref();
  return {
    async release() {
      clearInterval(timer);
      await rm(path, { force: true });
    },
  };
}

async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

/** Returns the present time when the file was removed meanwhile, because the process that removed it is alive. */
async function mtimeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return Date.now();
    throw cause;
  }
}

async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

/**
 * Replaces a stale lock. Only the process that created the directory `<lock>.takeover` may remove another's lock. So
 * when many find it stale at once, one of them gets it, and none removes the new one.
 */
async function takeOver({ path, dir, text }: { path: string; dir: string; text: string }): Promise<void> {
  await refuseIfAlive(path, dir);
  const right = `${path}.takeover`;
  const takenJustNow = new FolderLockedError(`${dir} was taken by another store process just now.`);
  if (!(await makeDirectory(right))) {
    // Left by a process that died during a takeover; the next start can proceed.
    if (Date.now() - (await mtimeOf(right)) > SILENCE_MS_MAX) await rm(right, { recursive: true, force: true });
    throw takenJustNow;
  }
  try {
    await refuseIfAlive(path, dir);
    await rm(path, { force: true });
    if (!(await create(path, text))) throw takenJustNow;
  } finally {
    await rm(right, { recursive: true, force: true });
  }
}

async function refuseIfAlive(path: string, dir: string): Promise<void> {
  const text = await readIfThere(path);
  if (text === undefined) return;
  const owner = parseOwner(text);
  if (!(await isAlive(owner, Date.now() - (await mtimeOf(path))))) return;
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'a process that is starting';
  throw new FolderLockedError(
    `${dir} is in use by ${who}. One store process may use an embedded database; for more, set DATABASE_URL.`,
  );
}

async function isAlive(owner: LockOwner | undefined, silentMs: number): Promise<boolean> {
  if (owner?.host !== hostname()) return silentMs < SILENCE_MS_MAX;
  if (!pidExists(owner.pid)) return false;
  const { started } = await startOf(owner.pid);
  return started === undefined || owner.started === undefined || started === owner.started;
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: the process exists and belongs to another user.
    return codeOf(cause) === 'EPERM';
  }
}

/**
 * Field 22 of /proc/<pid>/stat (proc(5)), counted after the command's closing bracket. Empty where there is no /proc.
 */
async function startOf(pid: number): Promise<{ started?: string }> {
  const text = await readIfThere(`/proc/${pid}/stat`);
  const started = text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  return started === undefined ? {} : { started };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ESRCH') return undefined;
    throw cause;
  }
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockOwner> | null;
    return typeof value?.pid === 'number' && typeof value.host === 'string' ? (value as LockOwner) : undefined;
  } catch {
    // The file was created and not yet written, or cut off by a crash, so its age decides.
    return undefined;
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  // A missed touch matters only to other hosts, and the next one tries again.
  await utimes(path, now, now).catch(() => undefined);
}

// Checked by shape, because under Jest the file system's errors come from another realm than `Error`.
const codeOf = (cause: unknown): unknown => (cause as { code?: unknown } | null)?.code;
