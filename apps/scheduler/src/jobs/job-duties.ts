import type { Duty } from '../duties/duty.js';
import { deliverResults } from './deliver-results.js';
import { fireDueJobs } from './fire-due-jobs.js';
import type { JobPorts } from './job-ports.js';
import { lookAfterRuns } from './look-after-runs.js';

/** The timers bring a job's run within milliseconds; this brings it when Redis lost a timer, or was away. */
const FIRE_EVERY_MS = 2_000;
const LOOK_EVERY_MS = 1_000;
const DELIVER_EVERY_MS = 1_000;

/** What the scheduler does for cron jobs. Each is harmless when several schedulers do it at the same time. */
export function jobDuties(ports: JobPorts): readonly Duty[] {
  return [
    { name: 'fire-due-jobs', everyMs: FIRE_EVERY_MS, run: (_, signal) => fireDueJobs(ports, signal) },
    { name: 'look-after-job-runs', everyMs: LOOK_EVERY_MS, run: (_, signal) => lookAfterRuns(ports, signal) },
    { name: 'deliver-job-results', everyMs: DELIVER_EVERY_MS, run: (_, signal) => deliverResults(ports, signal) },
  ];
}
