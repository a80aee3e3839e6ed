import { GatewayError, type Job } from '#libs/contract';
import { createTargets } from '#libs/delivery';
import { patch, type JobChange } from '../../../apps/api/src/jobs/change-job.js';
import { newJob } from '../../../apps/api/src/jobs/new-job.js';
import { HOUR, MINUTE, T0 } from '../../support/job.js';

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
