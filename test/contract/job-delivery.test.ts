import type { Job, JobDelivery } from '#libs/contract';
import type { DeliveryOutcome, DeliveryTarget, Parcel } from '#libs/delivery';
import { getEventListeners } from 'node:events';
import { startFiringLab, type FiringLab } from '../support/firing-lab.js';
import { jobRunOf, MINUTE, T0 } from '../support/job.js';
import { pino } from 'pino';
import { until } from '../support/until.js';

/** Results on their way to a target that does what the test says. */
let lab: FiringLab;
let parcels: Parcel[];
let outcomes: DeliveryOutcome[];

const target: DeliveryTarget = {
  scheme: 'webhook',
  example: 'webhook:x',
  problemOf: () => undefined,
  async deliver(parcel) {
    parcels.push(parcel);
    return outcomes.shift() ?? { kind: 'delivered' };
  },
};
const failed = (final = false): DeliveryOutcome => ({ kind: 'failed', why: 'it answered 500', final });

beforeAll(async () => {
  lab = await startFiringLab();
});
afterAll(() => lab?.close());
beforeEach(async () => {
  await lab.clear();
  [parcels, outcomes] = [[], []];
});

/** A job whose run has just ended, at T0 + 1 minute. */
async function ended(deliver: string[]): Promise<Job> {
  const job = await lab.add({ deliver });
  lab.setNow(T0 + MINUTE);
  await lab.fire();
  await lab.end((await lab.history(job))[0]);
  await lab.lookAfter();
  return job;
}
const deliverAt = (seconds: number, changed = {}): Promise<void> => {
  lab.setNow(T0 + MINUTE + seconds * 1_000);
  return lab.deliver({ targets: [target], ...changed });
};
const logOf = async (job: Job): Promise<readonly JobDelivery[]> => (await lab.history(job))[0]?.deliveries ?? [];

test('each target gets the result once, however many schedulers look', async () => {
  const job = await ended(['local', 'webhook:a', 'webhook:b']);
  await Promise.all(Array.from({ length: 5 }, () => deliverAt(0)));
  expect(parcels.map(({ address }) => address).sort()).toEqual(['a', 'b']);
  expect(new Set(parcels.map(({ messageId }) => messageId)).size).toBe(2);
  expect((await logOf(job)).map(({ target, status }) => [target, status])).toEqual([
    ['local', 'delivered'],
    ['webhook:a', 'delivered'],
    ['webhook:b', 'delivered'],
  ]);
  await deliverAt(100_000);
  expect(parcels).toHaveLength(2);
});

test('a failure is tried again after growing pauses, under the same id, and given up after a day', async () => {
  const job = await ended(['webhook:a']);
  outcomes = Array.from({ length: 20 }, () => failed());
  const attempts: number[] = [];
  for (let minute = 0; minute <= 26 * 60; minute += 1) {
    const before = parcels.length;
    await deliverAt(minute * 60);
    if (parcels.length > before) attempts.push(minute);
  }
  expect(attempts).toEqual([0, 1, 2, 7, 37, 157, 457, 1057]);
  expect(new Set(parcels.map(({ messageId }) => messageId)).size).toBe(1);
  expect(await logOf(job)).toMatchObject([{ status: 'failed', attempts: 8, error: 'it answered 500' }]);
});

test('one target that fails does not hold up the others, nor gets them the result twice', async () => {
  const job = await ended(['webhook:a', 'webhook:b']);
  outcomes = [failed(), { kind: 'delivered' }, { kind: 'delivered' }];
  await deliverAt(0);
  expect(await logOf(job)).toMatchObject([{ status: 'pending', attempts: 1 }, { status: 'delivered' }]);
  await deliverAt(5);
  expect(parcels.map(({ address }) => address)).toEqual(['a', 'b', 'a']);
  expect(await logOf(job)).toMatchObject([{ status: 'delivered', attempts: 2 }, { status: 'delivered' }]);
});

test('a final failure, and a target that is no more, are not tried again', async () => {
  const job = await ended(['webhook:a', 'gone:b']);
  outcomes = [failed(true)];
  await deliverAt(0);
  await deliverAt(100_000);
  expect(parcels).toHaveLength(1);
  expect(await logOf(job)).toMatchObject([
    { status: 'failed', attempts: 1 },
    { status: 'failed', attempts: 1 },
  ]);
});

test('a scheduler that dies while it delivers is made up for, under the same id', async () => {
  const job = await ended(['webhook:a']);
  const dying: DeliveryTarget = {
    ...target,
    deliver: (parcel) => target.deliver(parcel).then(() => Promise.reject(new Error('killed'))),
  };
  await deliverAt(0, { targets: [dying] });
  expect(await logOf(job)).toMatchObject([{ status: 'pending', attempts: 0 }]);
  await deliverAt(60);
  expect(parcels).toHaveLength(1);
  await deliverAt(120);
  expect(parcels).toHaveLength(2);
  expect(parcels[1]?.messageId).toBe(parcels[0]?.messageId);
  expect(await logOf(job)).toMatchObject([{ status: 'delivered' }]);
});

/** Results of one job that were due long ago, each with one target. */
async function due(count: number, owner: string, to: string): Promise<void> {
  const job = await lab.add({ owner, deliver: [to], nextRunAt: null });
  const runs = Array.from({ length: count }, (_, i) =>
    jobRunOf(job, {
      slot: T0 + i,
      status: 'completed',
      wakeAt: owner === 'ann' ? T0 : T0 + 1,
      deliveries: [{ target: to, status: 'pending', attempts: 0 }],
    }),
  );
  await lab.jobs.claim({ claims: runs.map((run) => ({ job, dueAt: null, run })) });
}

test('dead targets of one key hold up nobody else, and its own results only while they are on their way', async () => {
  await due(90, 'ann', 'webhook:dead');
  await due(9, 'bob', 'webhook:b');
  let giveUp: () => void = () => undefined;
  const gaveUp = new Promise<void>((resolve) => (giveUp = resolve));
  const signals: AbortSignal[] = [];
  const slow: DeliveryTarget = {
    ...target,
    async deliver(parcel) {
      signals.push(parcel.signal);
      parcel.signal.addEventListener('abort', () => undefined);
      const outcome = await target.deliver(parcel);
      if (parcel.address === 'dead') await gaveUp;
      return outcome;
    },
  };
  const countOf = (address: string): number => parcels.filter((parcel) => parcel.address === address).length;
  const done = deliverAt(0, { targets: [slow] });
  await until(() => countOf('b') === 9, { what: 'the results of the other key' });
  expect(countOf('dead')).toBe(6);
  giveUp();
  await done;
  expect([countOf('dead'), countOf('b')]).toEqual([90, 9]);
  expect(Math.max(...signals.map((signal) => getEventListeners(signal, 'abort').length))).toBe(1);
});

test('each attempt is counted and logged, with the host of the target and nothing more of it', async () => {
  const secret = 'webhook:https://hooks.example/secret-path';
  await ended([secret]);
  const [counts, lines]: [string[], string[]] = [[], []];
  const logger = pino({ base: null }, { write: (line) => void lines.push(line) });
  const delivered = (scheme: string, outcome: string): void => void counts.push(`${scheme} ${outcome}`);
  const told = { logger, meters: { delivered } };
  outcomes = [failed(), failed(true)];
  await deliverAt(0, told);
  await deliverAt(60, told);
  await ended([secret]);
  await deliverAt(120, told);
  expect(counts).toEqual(['webhook retried', 'webhook failed', 'webhook delivered']);
  const said = lines.map((line) => JSON.parse(line) as { level: number; msg: string; target: string; error?: string });
  expect(said.map(({ level }) => level)).toEqual([30, 40, 30]);
  expect(said[1]).toMatchObject({ target: 'webhook:hooks.example', error: 'it answered 500' });
  expect(lines.join('')).not.toContain('secret-path');
});

test('an occurrence that fires is a line in the log', async () => {
  const job = await lab.add({});
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: (line) => void lines.push(line) });
  lab.setNow(T0 + MINUTE);
  await lab.fire({ logger });
  const [run] = await lab.history(job);
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ msg: 'a job fires', jobId: job.id, runId: run?.runId, manual: false }),
  ]);
});
