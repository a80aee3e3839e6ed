import type { PersistQueue, RunLog, RunQueue, SessionTurns } from '#libs/contract';
import type { Logger } from '#libs/platform';

export interface DutyPorts {
  readonly log: RunLog;
  readonly runs: RunQueue;
  readonly persist: PersistQueue;
  readonly turns: SessionTurns;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Something that is looked after at an interval. It must do no harm when several schedulers do it at the same time. */
export interface Duty {
  readonly name: string;
  readonly everyMs: number;
  /** Rejects when it could not be done this time. Ends soon after `signal` aborts. */
  run(ports: DutyPorts, signal: AbortSignal): Promise<void>;
}
