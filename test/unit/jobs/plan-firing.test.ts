import type { ActiveJobRun, Job, Schedule } from '#libs/contract';
import { advance, dueAt, isJobId, jobIdFrom, jobRunId, newJobId, planFiring } from '#libs/jobs';
import { nextOccurrence, nextOccurrences } from '#libs/schedule';
import fc from '../../support/property.js';
import { HOUR, jobOf, MINUTE, T0 } from '../../support/job.js';

const schedules: fc.Arbitrary<Schedule> = fc.oneof(
  fc.integer({ min: 1, max: 300 }).map((n): Schedule => ({ kind: 'interval', everyMs: n * MINUTE, anchor: T0 })),
  fc
    .constantFrom('*/5 * * * *', '30 2 * * *', '0 9 * * 1-5', '15 */6 * * *')
    .map((expression): Schedule => ({ kind: 'cron', expression, timezone: 'Europe/Berlin' })),
  fc.integer({ min: 1, max: 3_000 }).map((n): Schedule => ({ kind: 'once', at: T0 + n * MINUTE })),
);

const jobs = fc
  .record({
    schedule: schedules,
    misfire: fc.constantFrom('skip', 'run_once'),
    overlap: fc.constantFrom('skip', 'queue', 'cancel_previous'),
    jitterSeconds: fc.constantFrom(0, 0, 30, 600),
    times: fc.option(fc.integer({ min: 1, max: 6 }), { nil: null }),
    endAt: fc.option(fc.integer({ min: T0 + HOUR, max: T0 + 100 * HOUR }), { nil: null }),
  })
  .map(({ times, ...fields }) => advance(jobOf({ ...(fields as Partial<Job>), repeat: { times, completed: 0 } }), T0));

/** How long the schedulers stay away between two looks, in minutes. */
const absences = fc.array(fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 3_000 })), {
  maxLength: 40,
});

describe('any job, looked at at any times', () => {
  test('each occurrence comes once, in order, never early; one at most per look without jitter; never more than repeat', () => {
    fc.assert(
      fc.property(jobs, absences, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (start, pauses, busy) => {
        let job = start;
        let now = T0;
        let before = -Infinity;
        let ran = 0;
        for (const [i, pause] of pauses.entries()) {
          now += pause * MINUTE;
          let looks = 0;
          for (let due = dueAt(job); due !== null && due <= now; due = dueAt(job)) {
            const active: ActiveJobRun[] = busy[i] ? [{ runId: 'run_x', status: 'running' }] : [];
            const firing = planFiring(job, active, now);
            const { slot, status } = firing.run;
            expect(slot).toBeGreaterThan(before);
            expect(slot).toBeLessThanOrEqual(now);
            expect(nextOccurrence(job.schedule, slot - 1)).toBe(slot);
            if (job.endAt !== null) expect(slot).toBeLessThanOrEqual(job.endAt);
            expect(firing.job.nextRunAt ?? Infinity).toBeGreaterThan(slot);
            if (status === 'claimed' || status === 'waiting') ran++;
            expect(firing.job.repeat.completed).toBe(ran);
            expect(firing.run.runId).toBe(jobRunId(job.id, slot, 1));
            before = slot;
            job = firing.job;
            looks++;
          }
          expect(looks).toBeLessThanOrEqual(burstMax(job));
        }
        if (job.repeat.times !== null) expect(ran).toBeLessThanOrEqual(job.repeat.times);
      }),
    );
  });
});

/** With jitter, those whose delay is over for certain are one, and the others within the longest delay may follow. */
function burstMax({ schedule, jitterSeconds }: Job): number {
  if (jitterSeconds === 0) return 1;
  const [first = 0, second = Infinity] = nextOccurrences(schedule, T0, 2);
  const shortest = schedule.kind === 'cron' ? 5 * MINUTE : second - first;
  return 2 + Math.ceil((jitterSeconds * 1_000) / shortest);
}

describe('jitter', () => {
  test('is within its bound, the same for everybody, and differs between slots', () => {
    const job = jobOf({ jitterSeconds: 60 });
    const delays = Array.from({ length: 50 }, (_, i) => {
      const nextRunAt = T0 + i * MINUTE;
      expect(dueAt({ ...job, nextRunAt })).toBe(dueAt({ ...job, nextRunAt }));
      return (dueAt({ ...job, nextRunAt }) ?? 0) - nextRunAt;
    });
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(60_000);
    expect(new Set(delays).size).toBeGreaterThan(40);
  });
});

describe('ids', () => {
  test('of jobs are 12 hex digits; a run id belongs to job, slot and attempt', () => {
    expect(isJobId(newJobId()) && isJobId(jobIdFrom('any text')) && !isJobId('../etc/passwd')).toBe(true);
    expect(jobIdFrom('a')).toBe(jobIdFrom('a'));
    const ids = [
      jobRunId('a', 1, 1),
      jobRunId('a', 1, 2),
      jobRunId('a', 11, 1),
      jobRunId('b', 1, 1),
      jobRunId('a', 1, 1),
    ];
    expect(new Set(ids).size).toBe(4);
    expect(ids.every((id) => /^run_[0-9a-f]{32}$/.test(id))).toBe(true);
  });
});
