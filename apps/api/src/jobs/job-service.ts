import {
  GatewayError,
  type Job,
  JOB_LIMITS,
  type JobFilter,
  type JobRun,
  type JobStore,
  type TickQueue,
} from '#libs/contract';
import type { JobView } from '#libs/contract';
import { assertSetUp, parseDeliver, type DeliveryTarget } from '#libs/delivery';
import { dueAt, isJobId, jobIdFrom, newJobId } from '#libs/jobs';
import type { Logger } from '#libs/platform';
import { nextOccurrences } from '#libs/schedule';
import type { IdempotencyClaim } from '../runs/admitting/idempotency-key.js';
import type { JobChange } from './change-job.js';

/** A PATCH, a pause and a firing may collide. Each time one of them wins, and the others start from its result. */
const CHANGES_MAX = 8;

export interface JobServiceParts {
  readonly jobs: JobStore;
  readonly ticks: Pick<TickQueue, 'arm'>;
  readonly targets: readonly DeliveryTarget[];
  readonly jobsPerOwnerMax: number;
  readonly logger: Logger;
}

export interface CreatedJob {
  readonly view: JobView;
  /** An earlier request with the same Idempotency-Key created the job. */
  readonly isReplay: boolean;
}

/** Jobs in the API: it keeps their records and wakes schedulers, and never runs a job. */
export class JobService {
  constructor(private readonly parts: JobServiceParts) {}

  get targets(): readonly DeliveryTarget[] {
    return this.parts.targets;
  }

  /**
   * Checks the targets that a request names, but for those that the job has: a bot that was taken away since must not
   * keep anybody from changing the rest. Throws as `parseDeliver` and `assertSetUp` do.
   */
  async assertTargets(deliver: string | readonly unknown[] | undefined, before: readonly string[] = []): Promise<void> {
    if (deliver === undefined) return;
    const found = parseDeliver(deliver, this.targets).filter((target) => !before.includes(target));
    await assertSetUp(found, this.targets);
  }

  /**
   * Writes a new job. With an Idempotency-Key its id is derived from the key, so the row itself shows a repetition.
   * Throws GatewayError `idempotency_key_conflict` or `job_limit_reached`.
   */
  async create(owner: string, claim: IdempotencyClaim | undefined, make: (id: string) => Job): Promise<CreatedJob> {
    const made = make(claim ? jobIdFrom(claim.scope) : newJobId());
    const job = claim ? { ...made, fingerprint: claim.fingerprint } : made;
    const insertion = await this.parts.jobs.insert({ job, dueAt: dueAt(job), jobsMax: this.parts.jobsPerOwnerMax });
    switch (insertion.kind) {
      case 'created':
        await this.wake(job);
        return { view: { job }, isReplay: false };
      case 'full':
        throw this.full();
      case 'exists':
        // Without a claim the id was random, and is taken by coincidence.
        if (!claim) return this.create(owner, claim, make);
        if (insertion.job.owner !== owner || insertion.job.fingerprint !== claim.fingerprint) {
          const what = 'This Idempotency-Key was used for another job.';
          throw new GatewayError('idempotency_key_conflict', what, { param: 'Idempotency-Key' });
        }
        return { view: await this.get(insertion.job.id, owner), isReplay: true };
    }
  }

  /**
   * A job of this owner. Throws GatewayError `job_not_found`, which is the same for a job that does not exist and for
   * another key's job.
   */
  async get(id: string, owner: string): Promise<JobView> {
    const view = isJobId(id) ? await this.parts.jobs.view({ id }) : undefined;
    if (view?.job.owner === owner) return view;
    throw new GatewayError('job_not_found', 'There is no job with this id.', { param: 'id' });
  }

  /** A page of an owner's jobs, newest first. One extra row is read to find out whether there is another page. */
  async list(filter: JobFilter): Promise<{ readonly views: readonly JobView[]; readonly hasMore: boolean }> {
    const views = await this.parts.jobs.list({ ...filter, limit: filter.limit + 1 });
    return { views: views.slice(0, filter.limit), hasMore: views.length > filter.limit };
  }

  /**
   * Applies a change to the newest version of a job. Throws `job_not_found`, `job_limit_reached` when the change
   * resumes a completed job for which there is no room, or `job_conflict` when other changes win every time.
   */
  async change(id: string, owner: string, change: JobChange): Promise<JobView> {
    for (let i = 0; i < CHANGES_MAX; i++) {
      const view = await this.get(id, owner);
      const job = change(view.job, Date.now());
      if (job === view.job) return view;
      const outcome = await this.parts.jobs.update({ job, dueAt: dueAt(job), jobsMax: this.parts.jobsPerOwnerMax });
      if (outcome === 'full') throw this.full();
      if (outcome === 'stale') continue;
      await this.wake(job);
      return { ...view, job };
    }
    throw new GatewayError('job_conflict', 'The job is being changed by others. Try again.', { retryAfterSeconds: 1 });
  }

  async remove(id: string, owner: string): Promise<void> {
    await this.get(id, owner);
    await this.parts.jobs.remove({ id });
  }

  /** A page of the history of a job, newest first. */
  async runs(
    { id, owner }: { readonly id: string; readonly owner: string },
    page: { readonly limit: number; readonly after?: { readonly slot: number; readonly attempt: number } },
  ): Promise<{ readonly runs: readonly JobRun[]; readonly hasMore: boolean }> {
    await this.get(id, owner);
    const runs = await this.parts.jobs.runs({ jobId: id, ...page, limit: page.limit + 1 });
    return { runs: runs.slice(0, page.limit), hasMore: runs.length > page.limit };
  }

  private full(): GatewayError {
    const what = `This API key has its ${this.parts.jobsPerOwnerMax} jobs already. Delete one first.`;
    return new GatewayError('job_limit_reached', what);
  }

  /** A timer that could not be set costs at most two seconds, because schedulers also check by themselves. */
  private async wake(job: Job): Promise<void> {
    const at = dueAt(job);
    if (at === null) return;
    await this.parts.ticks.arm(at - Date.now()).catch((cause: unknown) => {
      this.parts.logger.debug({ err: cause, jobId: job.id }, 'a timer could not be set');
    });
  }
}

/**
 * The next occurrences of a job, ms, before jitter. None for a job that is not scheduled, and none that `repeat` or
 * `endAt` exclude.
 */
export function nextRuns({ state, nextRunAt, schedule, repeat, endAt }: Job, count: number): number[] {
  if (state !== 'scheduled' || nextRunAt === null) return [];
  const left = repeat.times === null ? Infinity : repeat.times - repeat.completed;
  const times = [nextRunAt, ...nextOccurrences(schedule, nextRunAt, JOB_LIMITS.nextCountMax)];
  return times.slice(0, Math.min(count, left)).filter((at) => endAt === null || at <= endAt);
}
