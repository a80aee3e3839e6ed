import { bullTickQueue, startTickWorker, type RedisConnection } from '#libs/bus';
import type { Config } from '#libs/config';
import { createTargets } from '#libs/delivery';
import type { Closers, Drain } from '#libs/platform';
import { storeClient } from '#libs/store-client';
import type { Duty, DutyPorts } from '../duties/duty.js';
import { deliverResults } from './deliver-results.js';
import { fireDueJobs } from './fire-due-jobs.js';
import type { JobDutyPorts } from './job-ports.js';
import { lookAfterRuns } from './look-after-runs.js';

/** Timers fire a job within milliseconds; this duty fires it when Redis lost the timer, or was away. */
const FIRE_EVERY_MS = 2_000;
const LOOK_EVERY_MS = 1_000;
const DELIVER_EVERY_MS = 1_000;
/** Time for a hundred records on a busy store; no client waits for them. */
const STORE_ANSWER_MS_MAX = 15_000;

interface JobParts {
  readonly config: Config;
  readonly connection: RedisConnection;
  readonly closers: Closers;
  readonly drain: Drain;
}

/** Starts everything for cron jobs: timers that wake this scheduler, and duties that make up for lost timers. */
export function startJobs({ config, connection, closers, drain }: JobParts, ports: DutyPorts): readonly Duty[] {
  const { logger } = ports;
  const { queuedMax, queuedPerKeyMax } = config.api;
  const ownMax = new Map(config.auth.limits.map(({ name, queuedMax }) => [name, queuedMax]));
  const jobPorts: JobDutyPorts = {
    ...ports,
    jobs: storeClient({ ...config.store, answerMsMax: STORE_ANSWER_MS_MAX }).jobs,
    ticks: closers.own(bullTickQueue(connection), (queue) => queue.close()),
    targets: createTargets(config.jobs),
    defaultModel: config.models.defaultName,
    room: {
      queuedMax,
      waitingMaxOf: (owner) => ownMax.get(owner) ?? queuedPerKeyMax,
      // The scheduler does not know the workers; 0 slots costs a round trip and keeps the order.
      slots: () => 0,
    },
  };
  const stopping = new AbortController();
  const worker = startTickWorker({
    connection,
    async handle() {
      await fireDueJobs(jobPorts, stopping.signal);
      await lookAfterRuns(jobPorts, stopping.signal);
    },
    onError: (cause) => logger.warn({ err: cause }, 'a timer of jobs failed; the duty makes up for it'),
  });
  drain.onDrain(async () => {
    stopping.abort();
    await worker.close();
  });
  return jobDuties(jobPorts);
}

/** The scheduler's duties for cron jobs. Several schedulers may do each of them at the same time without harm. */
function jobDuties(ports: JobDutyPorts): readonly Duty[] {
  return [
    { name: 'fire-due-jobs', everyMs: FIRE_EVERY_MS, run: (_, signal) => fireDueJobs(ports, signal) },
    { name: 'look-after-job-runs', everyMs: LOOK_EVERY_MS, run: (_, signal) => lookAfterRuns(ports, signal) },
    { name: 'deliver-job-results', everyMs: DELIVER_EVERY_MS, run: (_, signal) => deliverResults(ports, signal) },
  ];
}
