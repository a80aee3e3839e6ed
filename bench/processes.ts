import { readdirSync, readFileSync } from 'node:fs';

/** CPU seconds used so far and resident memory of one process. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;

/** Reads /proc (Linux); a process that is gone has used nothing. */
export function usageOf(pid: number): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { cpuSeconds: ticks / TICKS_PER_SECOND, rssMb: (Number(fields[21]) * PAGE_BYTES) / 1_048_576 };
  } catch {
    return { cpuSeconds: 0, rssMb: 0 };
  }
}

/** The services below a launcher, by name: `api`, `worker`, `scheduler`, `store`, `redis`. */
export function servicesBelow(launcherPid: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!pid || parentOf(pid) !== launcherPid) continue;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    const service =
      /apps\/(\w+)\/src\/main/.exec(command)?.[1] ?? (/(redis|valkey)-server/.test(command) ? 'redis' : '');
    if (service) found.set(service, pid);
  }
  return found;
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
