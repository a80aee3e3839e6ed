import { GatewayError, type JobStore, type JsonObject, type OwnerRows, type StoredAccounts } from '#libs/contract';
import { jobObject } from '#libs/protocols';
import { describeSchedule } from '#libs/schedule';
import { API_LIMITS } from '../words/api-limits.js';

export interface OwnerDeskParts {
  readonly accounts: Pick<StoredAccounts, 'owners' | 'moveJobs' | 'erase'>;
  readonly jobs: Pick<JobStore, 'list' | 'view' | 'remove'>;
  /** Who can have rows today: the names of the keys, or the one owner of a gateway without keys. */
  readonly names: ReadonlySet<string>;
}

/**
 * Rows belong to the name of a key. When the key is taken out of the settings they stay, and jobs go on firing: here an
 * operator sees them, gives the jobs to another key, or deletes everything. Throws GatewayError `not_found` for a name
 * without rows, and `unavailable` when the store cannot be asked.
 */
export class OwnerDesk {
  constructor(private readonly parts: OwnerDeskParts) {}

  async list(): Promise<object> {
    const rows = await this.parts.accounts.owners({ jobsOnly: false });
    return { object: 'list', data: rows.map((row) => this.entry(row)), has_more: false, next: null };
  }

  /** Jobs of a name, whether a key opens them or not. */
  async jobs(owner: string): Promise<object> {
    const views = await this.parts.jobs.list({ owner, includeDisabled: true, limit: API_LIMITS.ownerJobsMax });
    if (views.length === 0) throw noRows();
    const data = views.map((view) => jobObject(view, describeSchedule(view.job.schedule)));
    return { object: 'list', data, has_more: data.length >= API_LIMITS.ownerJobsMax, next: null };
  }

  async deleteJob(owner: string, id: string): Promise<object> {
    const view = await this.parts.jobs.view({ id });
    if (view?.job.owner !== owner) {
      throw new GatewayError('job_not_found', 'There is no job with this id.', { param: 'id' });
    }
    await this.parts.jobs.remove({ id });
    return { object: 'job', id, deleted: true };
  }

  /** Throws also `invalid_request` for a name that no key has. */
  async moveJobs(from: string, to: string): Promise<object> {
    if (!this.parts.names.has(to)) {
      throw new GatewayError('invalid_request', `'to' must be the name of a key of the settings.`, { param: 'to' });
    }
    if (from === to) throw new GatewayError('invalid_request', "'to' must be another name.", { param: 'to' });
    const moved = await this.parts.accounts.moveJobs({ from, to });
    if (moved === 0) throw noRows();
    return { object: 'owner', name: from, moved_to: to, jobs: moved };
  }

  /**
   * Deletes all rows of a name that no key opens, as far as that can be done in `eraseMsMax`: `done` false asks for
   * another call. Throws also `forbidden` for a name in use.
   */
  async erase(owner: string): Promise<JsonObject> {
    if (this.parts.names.has(owner)) {
      throw new GatewayError('forbidden', 'A key of the settings has this name: take it out of them first.');
    }
    const deadline = Date.now() + API_LIMITS.eraseMsMax;
    let rows = 0;
    for (;;) {
      const gone = await this.parts.accounts.erase({ owner });
      rows += gone;
      if (gone === 0 && rows === 0) throw noRows();
      if (gone === 0) return { object: 'owner', name: owner, deleted: true, rows, done: true };
      if (Date.now() > deadline) return { object: 'owner', name: owner, deleted: true, rows, done: false };
    }
  }

  private entry({ owner, jobs, runs, sessions, conversations }: OwnerRows): object {
    return { object: 'owner', name: owner, has_key: this.parts.names.has(owner), jobs, runs, sessions, conversations };
  }
}

const noRows = (): GatewayError =>
  new GatewayError('not_found', 'Nothing here belongs to this name.', { param: 'name' });
