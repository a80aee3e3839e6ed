import { formatDuration } from './duration.js';
import type { Schedule } from './schedule.js';
import { wallTime } from './wall-clock.js';

/**
 * Short text for people: `every 2h`, `once in 30m`, `once at 2026-02-03 14:00`, `0 9 * * 1-5`. Local times are those of
 * the schedule's zone; `parseSchedule` reads the text back.
 */
export function describeSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'once':
      return schedule.delayMs === undefined
        ? `once at ${localTime(schedule.at, schedule.timezone ?? 'UTC')}`
        : `once in ${formatDuration(schedule.delayMs)}`;
    case 'interval':
      return `every ${formatDuration(schedule.everyMs)}`;
    case 'cron':
      return schedule.expression;
  }
}

/** `YYYY-MM-DD HH:MM`, and the seconds when there are any. */
function localTime(at: number, timezone: string): string {
  const text = new Date(wallTime(at, timezone)).toISOString().replace('T', ' ');
  return text.slice(17, 19) === '00' ? text.slice(0, 16) : text.slice(0, 19);
}
