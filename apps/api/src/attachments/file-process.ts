import { fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { FileJob, FileResult } from './file-job.js';

/** How a reading process ended: with its answer, or without one. */
export type FileOutcome = FileResult | { readonly kind: 'too_much_memory' | 'died' };

export interface ProcessBounds {
  /** Of its JavaScript heap alone. */
  readonly heapMbMax: number;
  /** Of all its memory, with the buffers into which a parser unpacks streams. */
  readonly residentMbMax: number;
  /** Time between two looks at its memory. */
  readonly lookMs: number;
}

const BYTES_PER_MB = 1_048_576;

/**
 * Starts a process of its own for one file and calls `done` once with its end. A heap bound of a thread would not hold:
 * buffers lie outside the heap, and a thread shares the memory of its process. The resident memory is looked at where
 * the system has /proc (Linux); elsewhere the heap alone is bounded.
 * @param script a module that gets a FileJob as its first message and sends a FileResult.
 * @returns ends the process, and changes nothing after its end.
 */
export function startFileProcess(
  script: URL,
  job: FileJob,
  { heapMbMax, residentMbMax, lookMs }: ProcessBounds,
  done: (outcome: FileOutcome) => void,
): () => void {
  const child = fork(script, {
    execArgv: [`--max-old-space-size=${heapMbMax}`],
    serialization: 'advanced',
    // What the parser prints may quote the file. Nobody reads it.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {},
  });
  let isOver = false;
  const end = (outcome?: FileOutcome): void => {
    if (isOver) return;
    isOver = true;
    clearInterval(watch);
    child.kill('SIGKILL');
    if (outcome) done(outcome);
  };
  const look = async (): Promise<void> => {
    const mb = await residentMb(child.pid);
    if (mb > residentMbMax) end({ kind: 'too_much_memory' });
  };
  // `look` does not reject.
  const watch = setInterval(() => void look(), lookMs);
  child.on('message', (result) => end(result as FileResult));
  child.on('error', () => end({ kind: 'died' }));
  // V8 aborts when its heap is full.
  child.on('exit', (_, signal) => end({ kind: signal === 'SIGABRT' ? 'too_much_memory' : 'died' }));
  // A process that is gone before it got its file says so by its exit.
  child.send(job, () => undefined);
  return () => end();
}

/** 0 when it cannot be told: the process has just ended, or the system has no /proc. */
async function residentMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024) / BYTES_PER_MB;
}
