import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from './process-identity.js';

const POLL_MS = 20;

/**
 * SIGTERM, after `graceMs` SIGKILL. @returns whether the process is gone; false when not even that ends it. Rejects
 * with the signal's reason when nobody waits any longer.
 */
export async function endProcess(identity: ProcessIdentity, graceMs: number, signal?: AbortSignal): Promise<boolean> {
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    send(identity.pid, name);
    const deadline = Date.now() + graceMs;
    while (isAlive(identity) && Date.now() <= deadline) await sleep(POLL_MS, undefined, { ...(signal && { signal }) });
    if (!isAlive(identity)) return true;
  }
  return false;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}
