import { readFile } from 'node:fs/promises';
import { until } from './until.js';

/**
 * What a program with an environment of its own is given nevertheless: where programs are, and the mark of
 * end-leftovers.mjs.
 */
export const inherited = (): { PATH: string; TALARIA_TEST_RUN: string } => ({
  PATH: process.env['PATH'] ?? '',
  TALARIA_TEST_RUN: process.env['TALARIA_TEST_RUN'] ?? '',
});

/** Whether a process runs; a zombie, which only waits to be reaped, does not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

/** The process ids that programs write into a file, one per line, once there are `count` of them. */
export async function pidsIn(file: string, count: number): Promise<number[]> {
  return until(
    async () => {
      const text = await readFile(file, 'utf8').catch(() => '');
      const pids = text.split('\n').filter(Boolean).map(Number);
      return pids.length >= count ? pids : undefined;
    },
    { what: `${count} process ids in ${file}` },
  );
}

export async function untilGone(pids: readonly number[]): Promise<void> {
  await until(async () => !(await Promise.all(pids.map(isRunning))).includes(true), {
    what: `the processes ${pids.join(', ')} to be gone`,
    ms: 8_000,
  });
}
