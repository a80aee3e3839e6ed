import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess } from './end-process.js';
import { LaunchError } from '../launch-error.js';
import type { Printer } from '../console/print.js';
import { identify, isAlive, parseIdentity, type ProcessIdentity } from './process-identity.js';

/**
 * Writes down which processes serve a data folder, for the next start: a launcher that is killed cannot stop them, and
 * they drain for a while. @returns what is to be called with every life of a service.
 */
export function recordServices(dataDir: string): (name: string, pid: number) => void {
  const lives = new Map<string, ProcessIdentity | undefined>();
  return (name, pid) => {
    lives.set(name, identify(pid));
    const aside = `${recordPath(dataDir)}.new`;
    writeFileSync(aside, JSON.stringify(Object.fromEntries(lives)), { mode: 0o600 });
    renameSync(aside, recordPath(dataDir));
  };
}

export interface LeftServices {
  readonly dataDir: string;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  readonly printer: Printer;
  readonly signal: AbortSignal;
}

/**
 * Ends the services of an earlier launcher that was killed: they hold ports, and would take runs from a Redis that is
 * about to be stopped. Throws LaunchError when one does not end.
 */
export async function endLeftServices({ dataDir, graceMs, printer, signal }: LeftServices): Promise<void> {
  const end = async ([name, identity]: readonly [string, ProcessIdentity]): Promise<void> => {
    printer.line(`Ending the ${name} of an earlier start (pid ${identity.pid}) ...`);
    if (await endProcess(identity, graceMs, signal)) return;
    throw new LaunchError(`The ${name} of an earlier start (pid ${identity.pid}) cannot be ended.`);
  };
  await Promise.all(readRecord(dataDir).map(end));
}

const recordPath = (dataDir: string): string => join(dataDir, 'services.json');

function readRecord(dataDir: string): (readonly [string, ProcessIdentity])[] {
  try {
    const record = JSON.parse(readFileSync(recordPath(dataDir), 'utf8')) as object;
    return Object.entries(record).flatMap(([name, value]) => {
      const identity = parseIdentity(value);
      return identity && isAlive(identity) ? [[name, identity] as const] : [];
    });
  } catch {
    return []; // never started here, or not ours
  }
}
