import type { Duty } from '../duties/duty.js';
import { deliverResults } from './deliver-results.js';
import { fireDueJobs } from './fire-due-jobs.js';
import type { JobDutyPorts } from './job-ports.js';
import { lookAfterRuns } from './look-after-runs.js';

/** Timers fire a job within milliseconds. This duty fires it when Redis lost the timer, or was away. */
const FIRE_EVERY_MS = 2_000;
const LOOK_EVERY_MS = 1_000;
const DELIVER_EVERY_MS = 1_000;

/** The scheduler's duties for cron jobs. Several schedulers may do each of them at the same time without harm. */
export function jobDuties(ports: JobDutyPorts): readonly Duty[] {
  return [
    { name: 'fire-due-jobs', everyMs: FIRE_EVERY_MS, run: (_, signal) => fireDueJobs(ports, signal) },
    { name: 'look-after-job-runs', everyMs: LOOK_EVERY_MS, run: (_, signal) => lookAfterRuns(ports, signal) },
    { name: 'deliver-job-results', everyMs: DELIVER_EVERY_MS, run: (_, signal) => deliverResults(ports, signal) },
  ];
}
