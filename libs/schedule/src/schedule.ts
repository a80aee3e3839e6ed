import { GatewayError, type Schedule } from '#libs/contract';

/** The moment at which a text is read, and the zone of its local times. */
export interface ScheduleContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** An IANA name. */
  readonly timezone: string;
}

export type { Schedule };

/** The refusal of a text as a schedule; `problem` is a sentence that says why. */
export function invalidSchedule(problem: string): GatewayError {
  return new GatewayError('invalid_schedule', problem, { param: 'schedule' });
}
