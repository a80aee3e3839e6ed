import { LIMITS, NO_USAGE, type Job, type JobRun } from '#libs/contract';
import { jobRunId } from '#libs/jobs';
import { startFiringLab, type FiringLab } from '../support/firing-lab.js';
import { HOUR, MINUTE, T0 } from '../support/job.js';

/** Cron jobs from their due time to the end of their runs, on a real database, with the clock in our hands. */
let lab: FiringLab;

beforeAll(async () => {
  lab = await startFiringLab();
});
afterAll(() => lab?.close());
beforeEach(async () => {
  await lab.clear();
  lab.setNow(T0);
});

const statuses = async (job: Job): Promise<string[]> => (await lab.history(job)).map(({ status }) => status);
const slots = async (job: Job): Promise<number[]> => (await lab.history(job)).map(({ slot }) => (slot - T0) / MINUTE);
const last = async (job: Job): Promise<JobRun | undefined> => (await lab.history(job)).at(-1);

/** Fires at a minute after T0, and lets the run that was opened end. */
async function tick(minute: number): Promise<void> {
  lab.setNow(T0 + minute * MINUTE);
  await lab.lookAfter();
  await lab.fire();
}
async function finish(job: Job, ending = {}): Promise<void> {
  await lab.end(await last(job), ending);
  await lab.lookAfter();
}

describe('an occurrence', () => {
  test('is a run with what the job says, and moves the job on', async () => {
    const job = await lab.add({ prompt: 'Report.', tools: ['http_fetch'], owner: 'bob' });
    await tick(1);
    const runId = jobRunId(job.id, T0 + MINUTE, 1);
    expect(lab.queue.take()).toBe(runId);
    const claim = await lab.log.claim(runId, 1, 'w');
    expect(claim).toMatchObject({
      kind: 'claimed',
      spec: {
        ...{
          owner: 'bob',
          jobId: job.id,
          protocol: 'jobs',
          model: 'talaria',
          onDisconnect: 'continue',
          background: true,
        },
        messages: [{ role: 'user', content: 'Report.' }],
        toolChoice: { kind: 'allowed', names: ['http_fetch'] },
      },
    });
    expect(await lab.job(job.id)).toMatchObject({ nextRunAt: T0 + 2 * MINUTE, repeat: { completed: 1 } });
    expect(await lab.history(job)).toMatchObject([
      { status: 'running', misfire: false, attempt: 1, slot: T0 + MINUTE },
    ]);
    expect(lab.armed.at(-1)).toBe(MINUTE);
  });

  test('is fired once, however many schedulers look at the same time', async () => {
    const some = await Promise.all(Array.from({ length: 12 }, () => lab.add()));
    for (const minute of [1, 2, 3]) {
      lab.setNow(T0 + minute * MINUTE);
      await Promise.all(Array.from({ length: 5 }, () => lab.fire()));
      for (const job of some) await lab.end(await last(job));
      await Promise.all(Array.from({ length: 5 }, () => lab.lookAfter()));
    }
    for (const job of some) {
      expect(await slots(job)).toEqual([1, 2, 3]);
      expect(await statuses(job)).toEqual(['completed', 'completed', 'completed']);
    }
  });

  test('is opened under the same id after a crash between claim and open', async () => {
    const job = await lab.add();
    lab.setNow(T0 + MINUTE);
    await expect(lab.fire({ jobs: crashing() })).rejects.toThrow('crash');
    expect(await statuses(job)).toEqual(['claimed']);
    expect(lab.queue.take()).toBeUndefined();
    await lab.lookAfter();
    expect(await statuses(job)).toEqual(['running']);
    expect(lab.queue.take()).toBe(jobRunId(job.id, T0 + MINUTE, 1));
    await lab.fire();
    expect(await slots(job)).toEqual([1]);
  });

  test('that was opened and not noted is not run twice', async () => {
    const job = await lab.add();
    lab.setNow(T0 + MINUTE);
    const change = (): Promise<never> => Promise.reject(new Error('crash'));
    await expect(lab.fire({ jobs: { ...lab.jobs, change } })).rejects.toThrow('crash');
    const runId = lab.queue.take() ?? '';
    expect((await lab.log.claim(runId, 1, 'w')).kind).toBe('claimed');
    await lab.end(await last(job));
    await lab.lookAfter();
    expect(await statuses(job)).toEqual(['completed']);
    expect(lab.queue.take()).toBeUndefined();
  });

  test('that was opened, not noted, and whose log and row were deleted since, is not opened again: it failed', async () => {
    const job = await lab.add();
    lab.setNow(T0 + MINUTE);
    const change = (): Promise<never> => Promise.reject(new Error('crash'));
    await expect(lab.fire({ jobs: { ...lab.jobs, change } })).rejects.toThrow('crash');
    const runId = lab.queue.take() ?? '';
    await lab.log.remove([runId]);
    await lab.lookAfter();
    await lab.lookAfter();
    expect(await lab.log.head(runId)).toBeUndefined();
    expect(lab.queue.take()).toBeUndefined();
    expect(await last(job)).toMatchObject({ status: 'failed', error: { code: 'run_log_lost' } });
  });

  test('waits in the store while the run queue is full or away', async () => {
    const job = await lab.add();
    lab.setNow(T0 + MINUTE);
    await lab.fire({ room: { queuedMax: 0, waitingMaxOf: () => 0, slots: () => 0 } });
    expect(await statuses(job)).toEqual(['claimed']);
    lab.setNow(T0 + MINUTE + 5_000);
    const open = (): Promise<never> => Promise.reject(new Error('redis is away'));
    await lab.lookAfter({ log: { ...lab.log, head: lab.log.head, requestCancel: lab.log.requestCancel, open } });
    expect(await statuses(job)).toEqual(['claimed']);
    lab.setNow(T0 + MINUTE + 10_000);
    await lab.lookAfter();
    expect(await statuses(job)).toEqual(['running']);
  });

  test('of a job that was paused or changed meanwhile is not fired', async () => {
    const job = await lab.add();
    lab.setNow(T0 + MINUTE);
    const claim: typeof lab.jobs.claim = async (query) => {
      await lab.jobs.update({ job: { ...job, state: 'paused', nextRunAt: null }, dueAt: null, jobsMax: 9 });
      return lab.jobs.claim(query);
    };
    await lab.fire({ jobs: { ...lab.jobs, claim } });
    expect(await statuses(job)).toEqual([]);
    expect((await lab.job(job.id)).state).toBe('paused');
  });

  test('a broken record is set aside and does not starve the others', async () => {
    const broken = await lab.add({ schedule: { kind: 'cron', expression: 'not cron', timezone: 'UTC' } });
    const sound = await lab.add();
    await tick(1);
    expect(await lab.job(broken.id)).toMatchObject({ state: 'error', nextRunAt: null });
    expect(await statuses(sound)).toEqual(['running']);
  });
});

/** A store whose process dies after the claim. */
function crashing(): FiringLab['jobs'] {
  return {
    ...lab.jobs,
    async claim(query) {
      await lab.jobs.claim(query);
      throw new Error('crash');
    },
  };
}

describe('missed occurrences', () => {
  test('within the grace, the latest is run, late and once; there is no burst', async () => {
    const job = await lab.add();
    await tick(10.5);
    await tick(10.9);
    expect(await slots(job)).toEqual([10]);
    expect(await lab.history(job)).toMatchObject([{ misfire: true, status: 'running' }]);
    expect((await lab.job(job.id)).nextRunAt).toBe(T0 + 11 * MINUTE);
  });

  const hourly = { schedule: { kind: 'interval', everyMs: HOUR, anchor: T0 }, nextRunAt: T0 + HOUR } as const;

  test('beyond the grace, skip notes that it was missed', async () => {
    const job = await lab.add({ ...hourly, misfire: 'skip' });
    await tick(5 * 60 + 31);
    expect(await lab.history(job)).toMatchObject([{ status: 'missed', slot: T0 + 5 * HOUR, misfire: true }]);
    expect(await lab.job(job.id)).toMatchObject({ nextRunAt: T0 + 6 * HOUR, repeat: { completed: 0 } });
  });

  test('beyond the grace, run_once runs the latest', async () => {
    const job = await lab.add({ ...hourly, misfire: 'run_once' });
    await tick(5 * 60 + 31);
    await tick(5 * 60 + 32);
    expect(await lab.history(job)).toMatchObject([{ status: 'running', slot: T0 + 5 * HOUR, misfire: true }]);
  });

  test('grace is half the period, two minutes at least and two hours at most', async () => {
    const inTime = await lab.add({ ...hourly, name: 'in time' });
    await tick(60 + 30);
    expect(await statuses(inTime)).toEqual(['running']);
    const daily = { kind: 'interval', everyMs: 24 * HOUR, anchor: T0 } as const;
    const job = await lab.add({ schedule: daily, nextRunAt: T0 + 24 * HOUR });
    await tick(26 * 60 + 1);
    expect(await statuses(job)).toEqual(['missed']);
  });

  test('a one-shot: run_once comes late, skip not at all; both are completed', async () => {
    const once = { schedule: { kind: 'once', at: T0 + MINUTE }, repeat: { times: 1, completed: 0 } } as const;
    const [late, never] = [
      await lab.add({ ...once, misfire: 'run_once' }),
      await lab.add({ ...once, misfire: 'skip' }),
    ];
    await tick(60);
    expect([await statuses(late), await statuses(never)]).toEqual([['running'], ['missed']]);
    expect((await lab.job(late.id)).state).toBe('completed');
    expect((await lab.job(never.id)).state).toBe('completed');
  });
});

describe('overlap', () => {
  test('skip: not while the run before it is going on', async () => {
    const job = await lab.add({ overlap: 'skip' });
    await tick(1);
    await tick(2);
    expect(await statuses(job)).toEqual(['running', 'skipped']);
    await lab.end((await lab.history(job))[0]);
    await tick(3);
    expect(await statuses(job)).toEqual(['completed', 'skipped', 'running']);
  });

  test('queue: one waits for the end of the one before it, and no more than one', async () => {
    const job = await lab.add({ overlap: 'queue' });
    for (const minute of [1, 2, 3]) await tick(minute);
    expect(await statuses(job)).toEqual(['running', 'waiting', 'skipped']);
    await lab.end((await lab.history(job))[0]);
    await lab.lookAfter();
    await lab.lookAfter();
    expect(await statuses(job)).toEqual(['completed', 'running', 'skipped']);
  });

  test('cancel_previous: the new one starts, the one before it is cancelled', async () => {
    const job = await lab.add({ overlap: 'cancel_previous' });
    await tick(1);
    const first = (await lab.history(job))[0]?.runId ?? '';
    await lab.log.claim(first, 1, 'w');
    await tick(2);
    expect((await lab.log.head(first))?.cancelRequested).toBe(true);
    expect(await statuses(job)).toEqual(['running', 'running']);
    await lab.end((await lab.history(job))[0], { status: 'cancelled' });
    await lab.lookAfter();
    expect(await lab.history(job)).toMatchObject([{ status: 'cancelled', deliveries: [] }, { status: 'running' }]);
  });

  test('cancel_previous: a parked run that is cancelled no longer counts among the waiting runs of its key', async () => {
    const job = await lab.add({ overlap: 'cancel_previous', owner: 'crowded' });
    await tick(1);
    const first = (await lab.history(job))[0]?.runId ?? '';
    const deadline = Date.now() + 60_000;
    await lab.log.claim(first, 1, 'w');
    for (let i = 1; i < LIMITS.parkedRunsPerKeyMax; i++) await lab.approvals.enterWait('crowded', `run_${i}`, deadline);
    expect(await lab.approvals.enterWait('crowded', first, deadline)).toBe(true);
    expect(await lab.approvals.enterWait('crowded', 'one_too_many', deadline)).toBe(false);
    const event = { type: 'run.parked', step: 1, usage: NO_USAGE } as const;
    await lab.log.park({ runId: first, attempt: 1, event, deadline, generation: 1, approvalIds: ['apr_1'] });
    await tick(2);
    expect((await lab.log.head(first))?.ended).toBe(true);
    expect(await lab.approvals.enterWait('crowded', 'the_next', deadline)).toBe(true);
  });

  test('cancel_previous: also what another scheduler opens between the look and the claim', async () => {
    const job = await lab.add({ overlap: 'cancel_previous' });
    lab.setNow(T0 + MINUTE);
    await lab.fire({ jobs: crashing() }).catch(() => undefined);
    expect(await statuses(job)).toEqual(['claimed']);
    lab.setNow(T0 + 2 * MINUTE);
    const claim: typeof lab.jobs.claim = async (query) => {
      await lab.lookAfter();
      return lab.jobs.claim(query);
    };
    await lab.fire({ jobs: { ...lab.jobs, claim } });
    const [first, second] = await lab.history(job);
    // Nobody had claimed it: it is ended on the spot.
    expect((await lab.log.head(first?.runId ?? ''))?.ended).toBe(true);
    expect((await lab.log.head(second?.runId ?? ''))?.ended).toBe(false);
  });
});

describe('how often', () => {
  test('repeat counts occurrences and completes the job; runs by hand do not count', async () => {
    const job = await lab.add({ repeat: { times: 2, completed: 0 } });
    await tick(1);
    await finish(job);
    const now = await lab.job(job.id);
    await lab.jobs.update({ job: { ...now, runRequestedAt: T0 + MINUTE + 1 }, dueAt: T0 + MINUTE + 1, jobsMax: 9 });
    await tick(1.5);
    expect(await last(job)).toMatchObject({ manual: true, slot: T0 + MINUTE + 1 });
    await finish(job);
    expect(await lab.job(job.id)).toMatchObject({ state: 'scheduled', nextRunAt: T0 + 2 * MINUTE });
    for (const minute of [2, 3, 4]) await tick(minute);
    expect(await slots(job)).toEqual([1, 1 + 1 / MINUTE, 2]);
    expect(await lab.job(job.id)).toMatchObject({ state: 'completed', nextRunAt: null, repeat: { completed: 2 } });
  });

  test('no occurrence after end_at, not even a missed one', async () => {
    const job = await lab.add({ endAt: T0 + 2.5 * MINUTE });
    await tick(1);
    await finish(job);
    await tick(4);
    await tick(5);
    expect(await slots(job)).toEqual([1, 2]);
    expect((await lab.job(job.id)).state).toBe('completed');
  });

  test('jitter: within its bound, the same for a slot whoever asks, and nothing is lost', async () => {
    const job = await lab.add({ jitterSeconds: 50 });
    let fired = 0;
    for (let second = 60; second <= 240; second += 5) {
      lab.setNow(T0 + second * 1_000);
      await lab.fire();
      const runs = await lab.history(job);
      if (runs.length > fired) {
        const lateMs = T0 + second * 1_000 - (runs.at(-1)?.slot ?? 0);
        expect(lateMs).toBeGreaterThanOrEqual(0);
        expect(lateMs).toBeLessThanOrEqual(55_000);
        fired = runs.length;
        await finish(job);
      }
    }
    expect((await slots(job)).slice(0, 3)).toEqual([1, 2, 3]);
  });
});

describe('how it ends', () => {
  test('a failure is tried again with growing pauses, and delivered after the last attempt', async () => {
    const job = await lab.add({ retry: { attempts: 2, backoffSeconds: 30 }, nextRunAt: T0 + MINUTE });
    await lab.jobs.update({
      job: { ...job, schedule: { kind: 'once', at: T0 + MINUTE } },
      dueAt: T0 + MINUTE,
      jobsMax: 9,
    });
    await tick(1);
    await finish(job, { status: 'failed' });
    expect(await lab.history(job)).toMatchObject([
      { attempt: 1, status: 'failed', deliveries: [], error: { code: 'upstream_error' } },
      { attempt: 2, status: 'claimed', wakeAt: T0 + MINUTE + 30_000 },
    ]);
    await tick(1.5);
    await finish(job, { status: 'failed' });
    expect(await last(job)).toMatchObject({ attempt: 3, status: 'claimed', wakeAt: T0 + 1.5 * MINUTE + 60_000 });
    await tick(2.5);
    await finish(job, { status: 'failed' });
    expect(await last(job)).toMatchObject({ attempt: 3, status: 'failed', deliveries: [{ status: 'delivered' }] });
    expect(new Set((await lab.history(job)).map(({ runId }) => runId)).size).toBe(3);
  });

  test('an attempt that succeeds ends the retries', async () => {
    const job = await lab.add({ retry: { attempts: 5, backoffSeconds: 10 } });
    await tick(1);
    await finish(job, { status: 'failed' });
    await tick(1.2);
    await finish(job, { text: 'Fine.' });
    expect(await statuses(job)).toEqual(['failed', 'completed']);
    expect(await last(job)).toMatchObject({ output: 'Fine.', startedAt: T0 + 1.2 * MINUTE });
  });

  test('an answer without text, and one that is not whole, are failures', async () => {
    const job = await lab.add();
    await tick(1);
    await finish(job, { text: '  ' });
    expect(await last(job)).toMatchObject({ status: 'failed', error: { code: 'answer_incomplete' } });
    await tick(2);
    await finish(job, { status: 'incomplete' });
    expect(await last(job)).toMatchObject({ status: 'failed', error: { code: 'answer_incomplete' } });
  });

  test('a run whose log is gone is failed at last', async () => {
    const job = await lab.add();
    await tick(1);
    await tick(8);
    expect((await lab.history(job))[0]?.status).toBe('running');
    const head = async (): Promise<undefined> => undefined;
    lab.setNow(T0 + 12 * MINUTE);
    await lab.lookAfter({ log: { ...lab.log, open: lab.log.open, requestCancel: lab.log.requestCancel, head } });
    expect((await lab.history(job))[0]).toMatchObject({ status: 'failed', error: { code: 'run_log_lost' } });
  });

  const target = 'webhook:https://example.com/hook';
  test.each<[string, string, string]>([
    ['the whole answer', '[SILENT]', 'suppressed'],
    ['the first line', '[SILENT]\nNothing new today.', 'suppressed'],
    ['the last line', 'I looked everywhere.\n\n[silent]\n', 'suppressed'],
    ['a word of a report', 'The [SILENT] marker was removed from the code.', 'pending'],
    ['a line in the middle', 'One.\n[SILENT]\nTwo.', 'pending'],
    ['the beginning of a line', '[SILENT] is what I would say, but the disk is full.', 'pending'],
  ])('[SILENT] as %s', async (_, text, status) => {
    const job = await lab.add({ deliver: ['local', target] });
    await tick(1);
    await finish(job, { text });
    expect(await last(job)).toMatchObject({
      status: 'completed',
      output: text,
      deliveries: [
        { target: 'local', status: 'delivered' },
        { target, status },
      ],
    });
  });

  test('a failure is delivered whatever it says', async () => {
    const job = await lab.add({ deliver: [target] });
    await tick(1);
    await finish(job, { status: 'failed', text: '[SILENT]' });
    expect(await last(job)).toMatchObject({ status: 'failed', deliveries: [{ target, status: 'pending' }] });
  });
});
