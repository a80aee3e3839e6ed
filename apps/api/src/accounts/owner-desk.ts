import {
  type ApprovalMemory,
  GatewayError,
  type JobStore,
  type JsonObject,
  type LiveRuns,
  type OwnerRows,
  type RunIndex,
  type StoredAccounts,
} from '#libs/contract';
import { jobObject } from '#libs/protocols';
import type { Runs } from '#libs/runs';
import { describeSchedule } from '#libs/schedule';
import { API_LIMITS } from '../words/api-limits.js';

export interface OwnerDeskParts {
  readonly accounts: Pick<StoredAccounts, 'owners' | 'moveJobs' | 'moveRows' | 'sharedSessions' | 'erase'>;
  readonly log: Pick<RunIndex, 'remove'>;
  readonly jobs: Pick<JobStore, 'list' | 'view' | 'remove'>;
  readonly approvals: Pick<ApprovalMemory, 'forgetAll'>;
  readonly live: LiveRuns;
  readonly runs: Pick<Runs, 'cancel'>;
  /** Who can have rows today: the names of the keys, or the one owner of a gateway without keys. */
  readonly names: ReadonlySet<string>;
}

/**
 * Rows belong to the name of a key. When the key is taken out of the settings they stay, and jobs go on firing: here an
 * operator sees them, gives the jobs or everything to another key, or deletes everything. Throws GatewayError
 * `not_found` for a name without rows, and `unavailable` when the store cannot be asked.
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
    this.assertTarget(from, to);
    const moved = await this.parts.accounts.moveJobs({ from, to });
    if (moved === 0) throw noRows();
    return { object: 'owner', name: from, moved_to: to, jobs: moved };
  }

  /**
   * Gives all rows of a name that no key opens to a key, as far as that can be done in `ownerWorkMsMax`: `done` false
   * asks for another call, also while runs have yet to reach the store. Without `confirm` nothing is changed, and the
   * answer has the numbers of what would be. What the name has allowed with "always" is withdrawn, because a key did
   * not allow it. Throws also `forbidden` for a name in use, `invalid_request` for one that no key has, and
   * `session_exists` while both have sessions of the same name.
   */
  async moveAll(
    from: string,
    { to, confirm }: { readonly to: string; readonly confirm: boolean },
  ): Promise<JsonObject> {
    this.assertTarget(from, to);
    this.assertGone(from);
    const { accounts, approvals, live, log } = this.parts;
    const counts = await this.countsOf(from);
    const waiting = await live.list(from, API_LIMITS.liveRunsPage);
    if (!counts && waiting.length === 0) throw noRows();
    const answer = { object: 'owner', name: from, moved_to: to, ...(counts ?? NO_ROWS), live_runs: waiting.length };
    const shared = await accounts.sharedSessions({ from, to });
    if (shared.length > 0) throw sharedError(to, shared);
    if (!confirm) return { ...answer, confirmed: false, rows: 0, done: false };
    const deadline = Date.now() + API_LIMITS.ownerWorkMsMax;
    const withdrawn = await approvals.forgetAll(from);
    let rows = 0;
    let isDone = false;
    while (!isDone && Date.now() <= deadline) {
      const moved = await accounts.moveRows({ from, to });
      // Their logs name the owner that they had, and are looked at first.
      if (moved.runIds.length > 0) await log.remove(moved.runIds);
      rows += moved.rows;
      isDone = moved.rows === 0;
    }
    const left = await live.list(from, API_LIMITS.liveRunsPage);
    const done = isDone && left.every(({ head }) => head === undefined);
    return { ...answer, confirmed: true, rows, approvals: withdrawn, done };
  }

  /**
   * Ends the runs of a name that no key opens, withdraws what it has allowed for ever, and deletes all its rows, as far
   * as that can be done in `ownerWorkMsMax`: `done` false asks for another call, also while runs have yet to reach the
   * store. Throws also `forbidden` for a name in use.
   */
  async erase(owner: string): Promise<JsonObject> {
    this.assertGone(owner);
    const counts = (await this.countsOf(owner)) ?? NO_ROWS;
    const deadline = Date.now() + API_LIMITS.ownerWorkMsMax;
    const live = await this.endRuns(owner);
    // Before the rows: a new key of this name would have these permissions, whatever fails below.
    const approvals = await this.parts.approvals.forgetAll(owner);
    let rows = 0;
    let isDone = false;
    while (!isDone && Date.now() <= deadline) {
      const gone = await this.parts.accounts.erase({ owner });
      rows += gone;
      isDone = gone === 0;
    }
    if (isDone && rows === 0 && approvals === 0 && live === 0) throw noRows();
    // A job may have started one more run before it was deleted.
    const done = isDone && (await this.endRuns(owner)) === 0;
    const remains = ['workspaces'];
    return { object: 'owner', name: owner, deleted: true, ...counts, rows, approvals, live_runs: live, done, remains };
  }

  private assertTarget(from: string, to: string): void {
    if (!this.parts.names.has(to)) {
      throw new GatewayError('invalid_request', `'to' must be the name of a key of the settings.`, { param: 'to' });
    }
    if (from === to) throw new GatewayError('invalid_request', "'to' must be another name.", { param: 'to' });
  }

  private assertGone(name: string): void {
    if (!this.parts.names.has(name)) return;
    throw new GatewayError('forbidden', 'A key of the settings has this name: take it out of them first.', {
      param: 'name',
    });
  }

  /** What a name has in the store, in numbers; undefined for nothing. */
  private async countsOf(name: string): Promise<typeof NO_ROWS | undefined> {
    const rows = await this.parts.accounts.owners({ jobsOnly: false });
    const found = rows.find(({ owner }) => owner === name);
    if (!found) return undefined;
    const { jobs, runs, sessions, conversations, webhooks = 0 } = found;
    return { jobs, runs, sessions, conversations, webhooks };
  }

  /** Ends runs of a name that the store has not confirmed. @returns how many there are, ended ones among them. */
  private async endRuns(owner: string): Promise<number> {
    const live = await this.parts.live.list(owner, API_LIMITS.liveRunsPage);
    const known = live.filter(({ head }) => head !== undefined);
    const going = known.filter(({ head }) => head?.ended === false);
    await Promise.all(going.map(({ runId }) => this.parts.runs.cancel(runId, 'requested')));
    return known.length;
  }

  private entry({ owner, webhooks = 0, ...counts }: OwnerRows): object {
    return { object: 'owner', name: owner, has_key: this.parts.names.has(owner), ...counts, webhooks };
  }
}

const NO_ROWS: Required<Omit<OwnerRows, 'owner'>> = { jobs: 0, runs: 0, sessions: 0, conversations: 0, webhooks: 0 };

const sharedError = (to: string, ids: readonly string[]): GatewayError =>
  new GatewayError('session_exists', `'${to}' has sessions with the same ids: ${ids.join(', ')}. Delete these first.`, {
    param: 'to',
  });
const noRows = (): GatewayError =>
  new GatewayError('not_found', 'Nothing here belongs to this name.', { param: 'name' });
