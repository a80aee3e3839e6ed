import { JOB_LIMITS, type Job, type JobRun, type JobStore } from '#libs/contract';
import { dueAt } from '#libs/jobs';
import { HOUR, jobOf, jobRunOf, MINUTE, T0 } from '../support/job.js';

/** A store of jobs whose clock the test sets, and a way to let the run behind a job's run end. */
export interface JobStoreLab {
  readonly jobs: JobStore;
  setNow(ms: number): void;
  endRun(runId: string, fields?: { status?: 'completed' | 'failed' | 'cancelled'; text?: string }): Promise<void>;
}

/** What every implementation of the JobStore port does. */
export function jobStoreSuite(name: string, open: () => Promise<JobStoreLab>): void {
  describe(`jobs on ${name}`, () => {
    let lab: JobStoreLab;
    let jobs: JobStore;
    let owner: string;
    let owners = 0;

    beforeAll(async () => {
      lab = await open();
      jobs = lab.jobs;
    });
    beforeEach(() => {
      owner = `owner-${++owners}`;
      lab.setNow(T0);
    });

    async function add(fields: Partial<Job> = {}): Promise<Job> {
      const job = jobOf({ owner, ...fields });
      expect(await jobs.insert({ job, dueAt: dueAt(job), jobsMax: 1_000 })).toEqual({ kind: 'created' });
      return job;
    }
    const retire = (job: Job): Promise<boolean> => jobs.remove({ id: job.id });

    test('a job comes back as it was written, and an id is taken once', async () => {
      const job = await add({ prompt: 'odd \0 \ud800 \u{1f600} \' " \\', nextRunAt: null });
      expect(await jobs.view({ id: job.id })).toEqual({ job });
      expect(await jobs.insert({ job: { ...job, name: 'other' }, dueAt: null, jobsMax: 9 })).toEqual({
        kind: 'exists',
        job,
      });
      expect(await jobs.view({ id: '000000000000' })).toBeUndefined();
    });

    test('an owner has no more jobs than allowed, however many are made at once', async () => {
      const some = Array.from({ length: 6 }, () => jobOf({ owner, nextRunAt: null }));
      const kinds = await Promise.all(some.map((job) => jobs.insert({ job, dueAt: null, jobsMax: 4 })));
      expect(kinds.map(({ kind }) => kind).sort()).toEqual([...Array<string>(4).fill('created'), 'full', 'full']);
      const made = some.filter((_, i) => kinds[i]?.kind === 'created') as [Job, ...Job[]];
      const again = await Promise.all(made.map((job) => jobs.insert({ job, dueAt: null, jobsMax: 4 })));
      expect(again.map(({ kind }) => kind)).toEqual(made.map(() => 'exists'));
      // A place that becomes free is one place, and a repetition took none.
      expect([await retire(made[0]), await retire(made[0])]).toEqual([true, false]);
      const more = [jobOf({ owner, nextRunAt: null }), jobOf({ owner, nextRunAt: null })];
      const last = await Promise.all(more.map((job) => jobs.insert({ job, dueAt: null, jobsMax: 4 })));
      expect(last.map(({ kind }) => kind).sort()).toEqual(['created', 'full']);
    });

    test('a completed job takes no place, and needs one to be taken up again', async () => {
      const some = [await add({ nextRunAt: null }), await add()] as const;
      const another = (jobsMax: number) =>
        jobs.insert({ job: jobOf({ owner, nextRunAt: null }), dueAt: null, jobsMax });
      expect(await another(2)).toEqual({ kind: 'full' });
      // One is completed by a change, one by its last occurrence.
      const done: Job = { ...some[0], state: 'completed' };
      expect(await jobs.update({ job: done, dueAt: null, jobsMax: 2 })).toBe('written');
      const last = { ...some[1], state: 'completed', nextRunAt: null } as const;
      await jobs.claim({ claims: [{ job: last, dueAt: null, run: jobRunOf(last, { wakeAt: null }) }] });
      expect([await another(2), await another(2), await another(2)].map(({ kind }) => kind)).toEqual([
        'created',
        'created',
        'full',
      ]);
      const again = { job: { ...some[0], version: 2, state: 'scheduled' }, dueAt: null } as const;
      expect(await jobs.update({ ...again, jobsMax: 2 })).toBe('full');
      expect(await jobs.update({ ...again, jobsMax: 3 })).toBe('written');
      // Whoever changes a job that was never completed needs no place.
      expect(await jobs.update({ job: { ...again.job, version: 3, name: 'b' }, dueAt: null, jobsMax: 0 })).toBe(
        'written',
      );
    });

    test('lists are pages of one owner, newest first, paused ones on request', async () => {
      const made: Job[] = [];
      for (let i = 0; i < 5; i++) made.push(await add({ createdAt: T0 + i, nextRunAt: null }));
      const paused = await add({ createdAt: T0 + 9, state: 'paused' });
      const ids = async (filter: object): Promise<string[]> =>
        (await jobs.list({ owner, includeDisabled: false, limit: 3, ...filter })).map(({ job }) => job.id);
      expect(await ids({})).toEqual([4, 3, 2].map((i) => made[i]?.id));
      expect(await ids({ after: { createdAt: T0 + 2, id: made[2]?.id } })).toEqual([1, 0].map((i) => made[i]?.id));
      expect((await ids({ includeDisabled: true }))[0]).toBe(paused.id);
    });

    test('a list reads the latest runs without their answers; the history has them', async () => {
      const job = await add({ nextRunAt: null });
      const run = jobRunOf(job, { status: 'running', wakeAt: null });
      await jobs.claim({ claims: [{ job, dueAt: null, run }] });
      const output = `odd \0 \ud800 ,"output":"\\ ${'x'.repeat(JOB_LIMITS.outputCharsMax)}`;
      await jobs.change({ changes: [{ run: { ...run, status: 'completed', endedAt: T0, output } }] });
      const [view] = await jobs.list({ owner, includeDisabled: false, limit: 1 });
      expect(view?.latest).toMatchObject({ runId: run.runId, status: 'completed', endedAt: T0 });
      expect(JSON.stringify(view).length).toBeLessThan(2_000);
      expect(await jobs.view({ id: job.id })).toEqual(view);
      expect(await jobs.runs({ jobId: job.id, limit: 1 })).toMatchObject([{ runId: run.runId, output }]);
    });

    test('a change that was made from an old version is refused', async () => {
      const job = await add({ nextRunAt: null });
      expect(await jobs.update({ job: { ...job, name: 'first' }, dueAt: null, jobsMax: 9 })).toBe('written');
      expect(await jobs.update({ job: { ...job, name: 'second' }, dueAt: null, jobsMax: 9 })).toBe('stale');
      expect((await jobs.view({ id: job.id }))?.job).toMatchObject({ name: 'first', version: 2 });
    });

    test('due jobs come when they are due, with what is still going on, and the time of the next', async () => {
      const soon = await add({ nextRunAt: T0 + 1_000 });
      const later = await add({ nextRunAt: T0 + 5_000 });
      const paused = await add({ state: 'paused' });
      expect(await jobs.due({ limit: 10 })).toEqual({ now: T0, jobs: [], nextAt: T0 + 1_000 });
      lab.setNow(T0 + 1_000);
      const due = await jobs.due({ limit: 10 });
      expect(due).toEqual({ now: T0 + 1_000, jobs: [{ job: soon, active: [] }], nextAt: T0 + 5_000 });
      const run = jobRunOf(soon, { slot: T0 + 1_000, wakeAt: null, status: 'running' });
      await jobs.claim({ claims: [{ job: { ...soon, nextRunAt: T0 + 1_500 }, dueAt: T0 + 1_500, run }] });
      lab.setNow(T0 + 2_000);
      const again = await jobs.due({ limit: 10 });
      expect(again.jobs).toMatchObject([{ job: { id: soon.id }, active: [{ runId: run.runId, status: 'running' }] }]);
      await Promise.all([soon, later, paused].map(retire));
    });

    test('an occurrence is claimed once, however many try, and whatever becomes of the job', async () => {
      const job = await add();
      const run = jobRunOf(job);
      const claim = { job: { ...job, nextRunAt: T0 + HOUR }, dueAt: T0 + HOUR, run };
      const tries = await Promise.all(Array.from({ length: 8 }, () => jobs.claim({ claims: [claim] })));
      expect(tries.flat()).toEqual([run.runId]);
      // Somebody set the schedule back: the same slot again is no second run.
      const now = (await jobs.view({ id: job.id }))?.job as Job;
      expect(await jobs.claim({ claims: [{ job: now, dueAt: null, run }] })).toEqual([]);
      expect((await jobs.view({ id: job.id }))?.job.version).toBe(now.version + 1);
      expect(await jobs.runs({ jobId: job.id, limit: 9 })).toEqual([run]);
      await retire(job);
    });

    test('batches in opposite orders claim each job once', async () => {
      const some = await Promise.all(Array.from({ length: 30 }, () => add()));
      const claims = some.map((job) => ({ job, dueAt: null, run: jobRunOf(job, { wakeAt: null }) }));
      const orders = Array.from({ length: 6 }, (_, i) => (i % 2 ? claims : [...claims].reverse()));
      const won = (await Promise.all(orders.map((order) => jobs.claim({ claims: order })))).flat();
      expect(won.sort()).toEqual(claims.map(({ run }) => run.runId).sort());
      await Promise.all(some.map(retire));
    });

    test('a claim whose job was changed or deleted meanwhile writes nothing', async () => {
      const [changed, gone] = [await add(), await add()];
      await jobs.update({ job: { ...changed, state: 'paused' }, dueAt: null, jobsMax: 9 });
      await retire(gone);
      const claims = [changed, gone].map((job) => ({ job, dueAt: T0, run: jobRunOf(job) }));
      expect(await jobs.claim({ claims })).toEqual([]);
      expect(await jobs.runs({ jobId: changed.id, limit: 9 })).toEqual([]);
      expect((await jobs.view({ id: changed.id }))?.job.state).toBe('paused');
    });

    test('a replaced run that was not opened is cancelled by the claim', async () => {
      const job = await add();
      const old = jobRunOf(job, { slot: T0, wakeAt: null });
      await jobs.claim({ claims: [{ job, dueAt: null, run: old }] });
      const now = (await jobs.view({ id: job.id }))?.job as Job;
      await jobs.claim({ claims: [{ job: now, dueAt: null, run: jobRunOf(job), cancel: [old.runId] }] });
      const statuses = (await jobs.runs({ jobId: job.id, limit: 9 })).map(({ status }) => status);
      expect(statuses).toEqual(['claimed', 'cancelled']);
      await retire(job);
    });

    test('work is what has come due, and runs that ended with what they said', async () => {
      const job = await add({ nextRunAt: null });
      const claimed = jobRunOf(job, { slot: T0 + 1, wakeAt: T0 + 10 });
      const running = jobRunOf(job, { slot: T0 + 2, status: 'running', wakeAt: T0 + HOUR });
      let version = job;
      for (const run of [claimed, running]) {
        await jobs.claim({ claims: [{ job: version, dueAt: null, run }] });
        version = (await jobs.view({ id: job.id }))?.job as Job;
      }
      expect(await jobs.work({ kind: 'run', limit: 9 })).toEqual({ now: T0, work: [] });
      await lab.endRun(running.runId, { text: 'All quiet.' });
      lab.setNow(T0 + 10);
      const { work } = await jobs.work({ kind: 'run', limit: 9 });
      expect(work.map(({ run }) => run).sort((a, b) => a.slot - b.slot)).toEqual([claimed, running]);
      expect(work.find(({ end }) => end)).toMatchObject({
        job: { id: job.id },
        run: { runId: running.runId },
        end: { status: 'completed', output: 'All quiet.' },
      });
      await retire(job);
    });

    test('of two changes of one version the second is refused; the next attempt comes with the first', async () => {
      const job = await add({ nextRunAt: null });
      const run = jobRunOf(job, { wakeAt: null, status: 'running' });
      await jobs.claim({ claims: [{ job, dueAt: null, run }] });
      const failed = { ...run, status: 'failed' } as const;
      const next = jobRunOf(job, { attempt: 2, wakeAt: T0 + 5 });
      expect(await jobs.change({ changes: [{ run: failed, next }] })).toEqual([run.runId]);
      expect(await jobs.change({ changes: [{ run: { ...run, status: 'completed' } }] })).toEqual([]);
      const history = await jobs.runs({ jobId: job.id, limit: 9 });
      expect(history.map(({ attempt, status }) => [attempt, status])).toEqual([
        [2, 'claimed'],
        [1, 'failed'],
      ]);
      expect((await jobs.view({ id: job.id }))?.latest).toMatchObject({ attempt: 1, status: 'failed' });
      expect(await jobs.runs({ jobId: job.id, limit: 1, after: { slot: run.slot, attempt: 2 } })).toHaveLength(1);
      await retire(job);
    });

    test('a run that waits for the one before it becomes work when that has ended', async () => {
      const job = await add({ nextRunAt: null });
      const first = jobRunOf(job, { slot: T0, status: 'running', wakeAt: null });
      const second = jobRunOf(job, { slot: T0 + 1, status: 'waiting', wakeAt: null });
      await jobs.claim({ claims: [{ job, dueAt: null, run: first }] });
      const now = (await jobs.view({ id: job.id }))?.job as Job;
      await jobs.claim({ claims: [{ job: now, dueAt: null, run: second }] });
      expect((await jobs.work({ kind: 'run', limit: 9 })).work).toEqual([]);
      await jobs.change({ changes: [{ run: { ...first, status: 'completed' } }] });
      const { work } = await jobs.work({ kind: 'run', limit: 9 });
      expect(work.map(({ run }) => [run.runId, run.status, run.wakeAt])).toEqual([[second.runId, 'claimed', T0]]);
      await retire(job);
    });

    test('deliveries are work of their own', async () => {
      const job = await add({ nextRunAt: null });
      const run = jobRunOf(job, { status: 'completed', wakeAt: T0 + MINUTE });
      await jobs.claim({ claims: [{ job, dueAt: null, run }] });
      expect((await jobs.work({ kind: 'delivery', limit: 9 })).work).toEqual([]);
      lab.setNow(T0 + MINUTE);
      expect((await jobs.work({ kind: 'run', limit: 9 })).work).toEqual([]);
      expect((await jobs.work({ kind: 'delivery', limit: 9 })).work).toMatchObject([{ run: { runId: run.runId } }]);
      await retire(job);
    });

    test('of a history the newest stay, what is not over, and what is on its way', async () => {
      const job = await add({ nextRunAt: null });
      const run = (slot: number, fields: Partial<JobRun> = {}): JobRun =>
        jobRunOf(job, { slot: T0 + slot, status: 'completed', wakeAt: null, ...fields });
      const over = Array.from({ length: JOB_LIMITS.runsKeptMax }, (_, i) => run(10 + i));
      const claim = async (runs: readonly JobRun[]): Promise<void> => {
        const now = (await jobs.view({ id: job.id }))?.job as Job;
        await jobs.claim({ claims: runs.map((one) => ({ job: now, dueAt: null, run: one })) });
      };
      await claim([run(0, { status: 'running' }), run(1, { wakeAt: T0 + HOUR }), run(2), run(3), ...over]);
      await claim([run(1_000)]);
      const left = (await jobs.runs({ jobId: job.id, limit: 999 })).map(({ slot }) => slot - T0).reverse();
      expect(left).toEqual([0, 1, ...over.slice(1).map(({ slot }) => slot - T0), 1_000]);
      await retire(job);
    });
  });
}
