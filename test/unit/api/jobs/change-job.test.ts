import { GatewayError, type Job } from '#libs/contract';
import { createTargets } from '#libs/delivery';
import { patch, type JobChange } from '../../../../apps/api/src/jobs/change-job.js';
import { newJob } from '../../../../apps/api/src/jobs/new-job.js';
import { HOUR, MINUTE, T0 } from '../../../support/job.js';

const targets = createTargets({ webhookAllowedHosts: [] });
const NOBODY = { cleared: new Set<string>(), targets, now: T0 };

/** What POST and PATCH make of a request, without a store. */
const made = (fields: object, schedule = 'every 1h'): Job => {
  const dto = { name: 'news', prompt: 'What is new?', schedule, ...fields };
  return newJob({ id: '0123456789ab', owner: 'ann', model: null }, dto, { ...NOBODY, dto });
};
const patched = (job: Job, dto: object, cleared: string[] = []): Job => {
  const change: JobChange = patch({ ...NOBODY, dto, cleared: new Set(cleared) }, undefined);
  return change(job, T0 + MINUTE);
};
function refusal(act: () => unknown): object {
  try {
    act();
  } catch (cause) {
    if (cause instanceof GatewayError) return { code: cause.code, param: cause.param };
    throw cause;
  }
  return {};
}

describe('jitter', () => {
  const tooMuch = { code: 'invalid_request', param: 'jitter_seconds' };

  test.each<[string, number, object]>([
    ['every 1m', 59, {}],
    ['every 1m', 60, tooMuch],
    ['every 1h', 3_599, {}],
    ['every 1h', 3_600, tooMuch],
    // Two of them are five minutes apart, the others a day.
    ['0,5 9 * * *', 299, {}],
    ['0,5 9 * * *', 300, tooMuch],
    ['in 10m', 3_600, {}],
  ])('of %s by %i s', (schedule, jitter_seconds, expected) => {
    expect(refusal(() => made({ jitter_seconds }, schedule))).toEqual(expected);
  });

  test('is looked at again when the schedule changes, and not when something else does', () => {
    const job = made({ jitter_seconds: 600 });
    expect(refusal(() => patched(job, { schedule: 'every 5m' }))).toEqual(tooMuch);
    expect(patched(job, { schedule: 'every 5m', jitter_seconds: 60 })).toMatchObject({ jitterSeconds: 60 });
    const old = { ...job, jitterSeconds: (2 * HOUR) / 1_000 };
    expect(patched(old, { name: 'paper' })).toMatchObject({ name: 'paper' });
  });
});

describe('a change', () => {
  const none = { code: 'invalid_schedule', param: 'schedule' };

  test.each<[object, string[]]>([
    [{ end_at: 'in 1m' }, []],
    [{ end_at: 'in 10m', schedule: 'every 1h' }, []],
    [{ repeat: 2 }, []],
  ])('%j that leaves no occurrence is refused', (dto, cleared) => {
    const job = { ...made({ repeat: 5 }), repeat: { times: 5, completed: 2 } };
    expect(refusal(() => patched(job, dto, cleared))).toEqual(none);
    expect(refusal(() => patched({ ...job, state: 'completed', nextRunAt: null }, { end_at: 'in 1m' }))).toEqual({});
  });

  test('of a completed job gives it more to do, or is refused', () => {
    const done: Job = { ...made({}, 'in 5m'), state: 'completed', nextRunAt: null, repeat: { times: 1, completed: 1 } };
    expect(patched(done, { schedule: 'every 1h' })).toMatchObject({
      state: 'scheduled',
      repeat: { times: null, completed: 0 },
    });
    expect(refusal(() => patched(done, { schedule: 'every 1h', end_at: 'in 1m' }))).toEqual(none);
    expect(patched(done, { name: 'paper' })).toMatchObject({ name: 'paper', state: 'completed' });
  });

  test('of the kind of schedule takes the repeat along that nobody chose', () => {
    const times = (job: Job): number | null => job.repeat.times;
    const [once, hourly] = [made({}, 'in 30m'), made({})];
    expect([once, hourly].map(times)).toEqual([1, null]);
    expect(times(patched(once, { schedule: 'every 1h' }))).toBeNull();
    expect(times(patched(hourly, { schedule: 'in 30m' }))).toBe(1);
    expect(times(patched(once, { schedule: 'every 1h', repeat: 1 }))).toBe(1);
    expect(times(patched(made({ repeat: 4 }), { schedule: 'in 30m' }))).toBe(4);
    expect(times(patched(hourly, { schedule: 'every 2h' }))).toBeNull();
  });
});

test('retry takes the keys that it has', () => {
  const wrong = (key: string) => ({ code: 'invalid_request', param: `retry.${key}` });
  expect(refusal(() => made({ retry: { foo: 1 } }))).toEqual(wrong('foo'));
  expect(refusal(() => patched(made({}), { retry: { attempts: 1, toString: 1 } }))).toEqual(wrong('toString'));
  expect(patched(made({}), { retry: { attempts: 1 } }).retry).toEqual({ attempts: 1, backoffSeconds: 60 });
});
