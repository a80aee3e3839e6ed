import { bullTickQueue, startTickWorker, type RedisConnection } from '#libs/bus';
import type { Config } from '#libs/config';
import { createTargets } from '#libs/delivery';
import type { Closers, Drain } from '#libs/platform';
import { storeClient } from '#libs/store-client';
import type { Duty, DutyPorts } from '../duties/duty.js';
import { deliverResults } from './deliver-results.js';
import { fireDueJobs } from './fire-due-jobs.js';
import type { JobPorts } from './job-ports.js';
import { lookAfterRuns } from './look-after-runs.js';

/** The timers bring a job's run within milliseconds; this brings it when Redis lost a timer, or was away. */
const FIRE_EVERY_MS = 2_000;
const LOOK_EVERY_MS = 1_000;
const DELIVER_EVERY_MS = 1_000;
/** A hundred records on a busy store; nobody waits for it. */
const STORE_ANSWER_MS_MAX = 15_000;

interface JobParts {
  readonly config: Config;
  readonly connection: RedisConnection;
  readonly closers: Closers;
  readonly drain: Drain;
}

/** Connects cron jobs to the world: timers that wake this scheduler, and the duties that make up for lost ones. */
export function startJobs({ config, connection, closers, drain }: JobParts, ports: DutyPorts): readonly Duty[] {
  const { log, runs, persist, logger } = ports;
  const { queuedMax, queuedPerKeyMax } = config.api;
  const ownMax = new Map(config.auth.limits.map(({ name, queuedMax }) => [name, queuedMax]));
  const jobPorts: JobPorts = {
    jobs: storeClient({ ...config.store, answerMsMax: STORE_ANSWER_MS_MAX }).jobs,
    log,
    runs,
    persist,
    ticks: closers.own(bullTickQueue(connection), (queue) => queue.close()),
    targets: createTargets(config.jobs),
    logger,
    defaultModel: config.models.defaultName,
    queuedMax,
    waitingMaxOf: (owner) => ownMax.get(owner) ?? queuedPerKeyMax,
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

/** The scheduler's duties for cron jobs. Each is harmless when several schedulers do it at the same time. */
function jobDuties(ports: JobPorts): readonly Duty[] {
  return [
    { name: 'fire-due-jobs', everyMs: FIRE_EVERY_MS, run: (_, signal) => fireDueJobs(ports, signal) },
    { name: 'look-after-job-runs', everyMs: LOOK_EVERY_MS, run: (_, signal) => lookAfterRuns(ports, signal) },
    { name: 'deliver-job-results', everyMs: DELIVER_EVERY_MS, run: (_, signal) => deliverResults(ports, signal) },
  ];
}
