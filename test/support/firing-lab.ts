import {
  memoryApprovalMemory,
  memoryIdempotency,
  memoryPersistQueue,
  memoryRunLog,
  memoryRunQueue,
  memorySessionTurns,
  type MemoryRunLog,
  type MemoryRunQueue,
} from '#libs/bus';
import type { ApprovalMemory, Job, JobRun, JobStore, RunSnapshot } from '#libs/contract';
import { createTargets } from '#libs/delivery';
import { dueAt } from '#libs/jobs';
import { sqlJobStore, upsertRuns } from '#libs/store';
import { pino } from 'pino';
import { deliverResults } from '../../apps/scheduler/src/jobs/deliver-results.js';
import { fireDueJobs } from '../../apps/scheduler/src/jobs/fire-due-jobs.js';
import type { JobDutyPorts } from '../../apps/scheduler/src/jobs/job-ports.js';
import { lookAfterRuns } from '../../apps/scheduler/src/jobs/look-after-runs.js';
import { jobOf } from './job.js';
import { migratedPglite } from './pglite.js';
import { runSnapshot } from './run-snapshot.js';

export const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

/** How a run ends, for `FiringLab.end`. */
export interface Ending {
  readonly status?: RunSnapshot['status'];
  readonly text?: string;
}

/** Schedulers on a database of their own, with a clock that the test moves and a run log in memory. */
export interface FiringLab {
  readonly jobs: JobStore;
  readonly log: MemoryRunLog;
  readonly queue: MemoryRunQueue;
  readonly approvals: ApprovalMemory;
  /** The moments that timers were set for, relative to when they were set. */
  readonly armed: number[];
  setNow(ms: number): void;
  add(fields?: Partial<Job>): Promise<Job>;
  job(id: string): Promise<Job>;
  /** The history of a job, oldest first. */
  history(job: Job): Promise<JobRun[]>;
  /** One look of a scheduler at everything that is due. */
  fire(changed?: Partial<JobDutyPorts>): Promise<void>;
  lookAfter(changed?: Partial<JobDutyPorts>): Promise<void>;
  deliver(changed?: Partial<JobDutyPorts>): Promise<void>;
  /** Lets the run of a job end, as a worker and the store would. */
  end(run: JobRun | undefined, ending?: Ending): Promise<void>;
  /** Forgets all jobs. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function startFiringLab(): Promise<FiringLab> {
  const db = await migratedPglite();
  let now = 0;
  const jobs = sqlJobStore(db, () => now);
  const opened = memoryIdempotency();
  const [log, queue, armed] = [memoryRunLog(opened), memoryRunQueue(), [] as number[]];
  const approvals = memoryApprovalMemory();
  const ports: JobDutyPorts = {
    jobs,
    log,
    queue,
    persist: memoryPersistQueue(),
    sessionTurns: memorySessionTurns(),
    approvals,
    opened,
    ticks: { arm: async (inMs) => void armed.push(inMs) },
    targets: createTargets({ webhookSecret: SECRET, webhookAllowedHosts: ['127.0.0.1'] }),
    logger: pino({ level: 'silent' }),
    meters: { delivered: () => undefined },
    defaultModel: 'talaria',
    room: { queuedMax: 1_000, waitingMaxOf: () => 1_000, slots: () => 0 },
  };
  const signal = new AbortController().signal;
  return {
    jobs,
    log,
    queue,
    approvals,
    armed,
    setNow: (ms) => (now = ms),
    async add(fields = {}) {
      const job = jobOf(fields);
      await jobs.insert({ job, dueAt: dueAt(job), jobsMax: 1_000 });
      return job;
    },
    job: async (id) => (await jobs.view({ id }))?.job as Job,
    history: async ({ id }) => [...(await jobs.runs({ jobId: id, limit: 100 }))].reverse(),
    fire: (changed = {}) => fireDueJobs({ ...ports, ...changed }, signal),
    lookAfter: (changed = {}) => lookAfterRuns({ ...ports, ...changed }, signal),
    deliver: (changed = {}) => deliverResults({ ...ports, ...changed }, signal),
    async end(run, { status = 'completed', text = 'Done.' } = {}) {
      const items: RunSnapshot['items'] = [{ type: 'text', step: 1, status: 'completed', text }];
      const error = { code: 'upstream_error', message: 'It broke.' } as const;
      const fields = { runId: run?.runId ?? '', status, items, startedAt: now, endedAt: now };
      await upsertRuns(db, [runSnapshot({ ...fields, ...(status === 'failed' && { error }) })]);
    },
    async clear() {
      await db.query('delete from jobs');
      await db.query('delete from job_owners');
      armed.length = 0;
      while (queue.take() !== undefined);
    },
    close: () => db.close(),
  };
}
