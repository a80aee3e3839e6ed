import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { markedProcesses, orphans } from './marked-processes.js';

/** Time between the request to end and the kill. */
const TERM_MS = 2_000;
const POLL_MS = 50;

/**
 * A child that was spawned `detached`, so that it leads a process group, and what it started: its group, and those
 * that left the group (setsid) but still carry `mark` in their environment.
 */
export interface ProcessTree {
  readonly child: ChildProcess;
  /** The environment entry of `newMark`, `NAME=value`, which only this child and its descendants have. */
  readonly mark: string;
}

/**
 * Asks the whole tree to end, and kills the rest after TERM_MS. Resolves when no process of it is alive; never rejects.
 */
export async function endTree(tree: ProcessTree): Promise<void> {
  await signalTree(tree, 'SIGTERM');
  const deadline = Date.now() + TERM_MS;
  while (Date.now() < deadline) {
    if (!(await isAlive(tree))) return;
    await sleep(POLL_MS);
  }
  await killTree(tree);
}

/** Kills the whole tree at once, and again as long as new processes of it appear. */
export async function killTree(tree: ProcessTree): Promise<void> {
  const deadline = Date.now() + TERM_MS;
  do {
    await signalTree(tree, 'SIGKILL');
    if (!(await isAlive(tree))) return;
    await sleep(POLL_MS);
  } while (Date.now() < deadline);
}

/** Kills processes that a killed worker left running on this machine. For the start of a worker. */
export async function killOrphans(): Promise<void> {
  for (const pid of await orphans()) send(pid, 'SIGKILL');
}

async function signalTree({ child, mark }: ProcessTree, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined) return;
  send(-child.pid, signal);
  for (const pid of await markedProcesses(mark)) send(pid, signal);
}

async function isAlive({ child, mark }: ProcessTree): Promise<boolean> {
  if (child.pid === undefined) return false;
  return send(-child.pid, 0) || (await markedProcesses(mark)).length > 0;
}

/** False when the process does not exist any more, or when we may not signal it. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
