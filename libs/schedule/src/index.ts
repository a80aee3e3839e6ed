export { describeSchedule } from './describe-schedule.js';
export { lastOccurrence, nextOccurrence, nextOccurrences } from './occurrences.js';
export { parseSchedule } from './parse-schedule.js';
export type { Schedule } from './schedule.js';
export { parseTimezone } from './time-zone.js';
