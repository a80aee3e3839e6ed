import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';

const MARK = 'TALARIA_PROCESS';

/**
 * An environment entry for one program that this worker starts. Everything that the program starts inherits the entry,
 * wherever it goes. The worker's process id in the entry shows later whether that worker still exists.
 */
export function newMark(): { readonly name: string; readonly value: string } {
  return { name: MARK, value: `${process.pid}.${randomBytes(12).toString('hex')}` };
}

/**
 * The processes of this user that carry this mark, except zombies. A program that empties its environment is not found;
 * on systems without /proc none is found.
 */
export async function markedProcesses(mark: string): Promise<number[]> {
  return processesWhere((entry) => entry === mark);
}

/** The processes that carry the mark of a worker that was killed and so could not end them. */
export async function orphans(): Promise<number[]> {
  return processesWhere((entry) => {
    const worker = new RegExp(`^${MARK}=(\\d+)\\.`).exec(entry)?.[1];
    return worker !== undefined && !isThere(Number(worker));
  });
}

async function processesWhere(isWanted: (entry: string) => boolean): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ((await environmentOf(pid)).some(isWanted) ? [pid] : [])));
  return found.flat();
}

/** Empty for a process of another user, a zombie, and a process that has ended meanwhile. */
async function environmentOf(pid: number): Promise<string[]> {
  try {
    const { uid } = await stat(`/proc/${pid}`);
    if (uid !== process.getuid?.()) return [];
    return (await readFile(`/proc/${pid}/environ`, 'latin1')).split('\0');
  } catch {
    return [];
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
