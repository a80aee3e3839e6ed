import { memoryRunLog } from '#libs/bus';
import type { RunLog } from '#libs/contract';

/** A run log that does some things otherwise: fails, counts, or looks the other way. */
export function runLogWith(methods: Partial<RunLog>, inner: RunLog = memoryRunLog()): RunLog {
  return Object.assign(Object.create(inner) as RunLog, methods);
}
