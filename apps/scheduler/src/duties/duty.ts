import type { PersistQueue, RunLog } from '#libs/contract';
import type { Logger } from '#libs/platform';
import type { EndPorts } from '#libs/runs';

export interface DutyPorts extends EndPorts {
  readonly log: RunLog;
  readonly persist: PersistQueue;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Work that is repeated at an interval. Several schedulers may do it at the same time without harm. */
export interface Duty {
  readonly name: string;
  readonly everyMs: number;
  /** Rejects when the work could not be done this time. Ends soon after `signal` aborts. */
  run(ports: DutyPorts, signal: AbortSignal): Promise<void>;
}
