import { cronOf } from './cron-expression.js';
import type { Schedule } from './schedule.js';

/** First occurrence strictly after `after` (ms). undefined when none is left. */
export function nextOccurrence(schedule: Schedule, after: number): number | undefined {
  return nextOccurrences(schedule, after, 1)[0];
}

/** Up to `count` occurrences strictly after `after` (ms), in their order. The caller bounds `count`. */
export function nextOccurrences(schedule: Schedule, after: number, count: number): number[] {
  switch (schedule.kind) {
    case 'once':
      return schedule.at > after && count > 0 ? [schedule.at] : [];
    case 'interval': {
      const first = Math.max(1, Math.floor((after - schedule.anchor) / schedule.everyMs) + 1);
      return Array.from({ length: count }, (_, step) => schedule.anchor + (first + step) * schedule.everyMs);
    }
    case 'cron':
      return cronOf(schedule.expression, schedule.timezone).nextRuns(count, new Date(after)).map(Number);
  }
}

/** Last occurrence at or before `at` and not earlier than `notBefore` (ms): the one that was missed, if any. */
export function lastOccurrence(schedule: Schedule, at: number, notBefore: number): number | undefined {
  const last = lastUpTo(schedule, at);
  return last === undefined || last < notBefore ? undefined : last;
}

function lastUpTo(schedule: Schedule, at: number): number | undefined {
  switch (schedule.kind) {
    case 'once':
      return schedule.at <= at ? schedule.at : undefined;
    case 'interval': {
      const steps = Math.floor((at - schedule.anchor) / schedule.everyMs);
      return steps < 1 ? undefined : schedule.anchor + steps * schedule.everyMs;
    }
    case 'cron': {
      // croner searches strictly before its reference
      const [last] = cronOf(schedule.expression, schedule.timezone).previousRuns(1, new Date(at + 1));
      return last?.getTime();
    }
  }
}
