import type { JobDelivery, JobRun, JobWork } from '#libs/contract';
import { splitTarget, type DeliveryOutcome } from '#libs/delivery';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDutyPorts } from './job-ports.js';

const RESULTS_AT_ONCE_MAX = 60;
/** Deliveries of one key at a time: slow targets delay the results of their own key only. */
const RESULTS_OF_ONE_MAX = 6;
/** How often the duty looks for new results while deliveries are under way. */
const LOOK_AGAIN_MS = 1_000;
/** For this time no other scheduler delivers the result. Longer than all its targets may take. */
const LEASE_MS = 120_000;
/** Pauses between attempts, about as Standard Webhooks proposes: one day in total. */
const BACKOFF_SECONDS = [5, 60, 300, 1_800, 7_200, 18_000, 36_000];

interface UnderWay {
  readonly owner: string;
  /** Resolves when the attempt is over, successful or not. */
  readonly done: Promise<void>;
}

/**
 * Delivers all due results; each finished delivery makes room for another. Resolves when nothing is due any more.
 * Delivery is at least once: the receiver recognises a repetition by the id of the message.
 */
export async function deliverResults(ports: JobDutyPorts, signal: AbortSignal): Promise<void> {
  const underWay = new Set<UnderWay>();
  try {
    while (!signal.aborted) {
      const started = await startSome(ports, underWay, signal);
      if (underWay.size === 0) return;
      // Other keys may have further results.
      if (started === 0 || underWay.size >= RESULTS_AT_ONCE_MAX) await firstOf(underWay);
    }
  } finally {
    await Promise.all([...underWay].map(({ done }) => done));
  }
}

/** Leases due results and starts their deliveries. @returns how many. */
async function startSome(ports: JobDutyPorts, underWay: Set<UnderWay>, signal: AbortSignal): Promise<number> {
  const counts = new Map<string, number>();
  const countOf = (owner: string): number => counts.get(owner) ?? 0;
  for (const { owner } of underWay) counts.set(owner, countOf(owner) + 1);
  const except = [...counts.keys()].filter((owner) => countOf(owner) >= RESULTS_OF_ONE_MAX);
  const limit = RESULTS_AT_ONCE_MAX - underWay.size;
  const { now, work } = await ports.jobs.work({ kind: 'delivery', limit, except });
  const chosen = work.filter(({ job: { owner } }) => {
    counts.set(owner, countOf(owner) + 1);
    return countOf(owner) <= RESULTS_OF_ONE_MAX;
  });
  const leases = chosen.map(({ run }) => ({ run: { ...run, wakeAt: now + LEASE_MS } }));
  const mine = new Set(leases.length > 0 ? await ports.jobs.change({ changes: leases }) : []);
  const leased = chosen.filter(({ run }) => mine.has(run.runId));
  for (const item of leased) {
    // Each delivery gets its own signal: hundreds of listeners on the shared one would look like a leak.
    const done = deliverResult(ports, item, { now, signal: AbortSignal.any([signal]) });
    const one = { owner: item.job.owner, done: done.then(() => void underWay.delete(one)) };
    underWay.add(one);
  }
  return leased.length;
}

async function firstOf(underWay: ReadonlySet<UnderWay>): Promise<void> {
  const pause = new AbortController();
  const rested = sleep(LOOK_AGAIN_MS, undefined, { signal: pause.signal }).catch(() => undefined);
  await Promise.race([rested, ...[...underWay].map(({ done }) => done)]);
  pause.abort();
}

async function deliverResult(
  ports: JobDutyPorts,
  { job, run }: JobWork,
  { now, signal }: { now: number; signal: AbortSignal },
): Promise<void> {
  const attempt = async (delivery: JobDelivery, place: number): Promise<JobDelivery> => {
    if (delivery.status !== 'pending' || (delivery.nextAt ?? 0) > now) return delivery;
    const { scheme, address } = splitTarget(delivery.target);
    const target = ports.targets.find((one) => one.scheme === scheme);
    const messageId = `${run.runId.replace('run_', 'msg_')}_${place}`;
    const deliver = async () => (await target?.deliver({ job, run, address, messageId, now, signal })) ?? UNKNOWN;
    const isDone = ({ kind }: DeliveryOutcome): boolean => kind === 'delivered';
    const outcome = await (ports.tracing?.delivery(run.runId, scheme, deliver, isDone) ?? deliver());
    return afterAttempt(delivery, outcome, now);
  };
  try {
    const deliveries = await Promise.all(run.deliveries.map(attempt));
    run.deliveries.forEach((before, place) =>
      tell(ports, { job, run }, { before, after: deliveries[place] ?? before }),
    );
    await ports.jobs.change({ changes: [{ run: afterLease(run, deliveries) }] });
  } catch (cause) {
    // The process stops, or the store is away. When the lease ends, any scheduler delivers again.
    ports.logger.warn({ err: cause, runId: run.runId }, 'the delivery of a result was broken off; it comes again');
  }
}

/** One line and one count for each attempt. Only scheme and host of a target: the rest may be a secret. */
function tell(
  { logger, meters, targets }: JobDutyPorts,
  { job, run }: JobWork,
  { before, after }: { readonly before: JobDelivery; readonly after: JobDelivery },
): void {
  if (before === after) return;
  const about = { jobId: job.id, runId: run.runId, owner: job.owner, target: hostOf(after.target) };
  const attempts = { ...about, attempt: after.attempts, error: after.error };
  const { scheme: named } = splitTarget(after.target);
  // The label must stay bounded: a stored job may name anything.
  const scheme = targets.some((one) => one.scheme === named) ? named : 'unknown';
  if (after.status === 'delivered') {
    meters.delivered(scheme, 'delivered');
    logger.info(about, 'the result of a job was delivered');
  } else if (after.status === 'failed') {
    meters.delivered(scheme, 'failed');
    logger.warn(attempts, 'the result of a job could not be delivered and is given up');
  } else {
    meters.delivered(scheme, 'retried');
    logger.info(attempts, 'the result of a job could not be delivered; it is tried again');
  }
}

function hostOf(target: string): string {
  const { scheme, address } = splitTarget(target);
  return scheme === 'webhook' && URL.canParse(address) ? `webhook:${new URL(address).host}` : scheme;
}

const UNKNOWN: DeliveryOutcome = { kind: 'failed', why: 'there is no such target any more', final: true };

function afterAttempt({ target, attempts }: JobDelivery, outcome: DeliveryOutcome, now: number): JobDelivery {
  const done = { target, attempts: attempts + 1, at: now };
  if (outcome.kind === 'delivered') return { ...done, status: 'delivered' };
  const seconds = BACKOFF_SECONDS[attempts];
  const failed = { ...done, error: outcome.why };
  if (outcome.final || seconds === undefined) return { ...failed, status: 'failed' };
  return { ...failed, status: 'pending', nextAt: now + seconds * 1_000 };
}

/** Taking the lease had already raised the version. */
function afterLease(run: JobRun, deliveries: readonly JobDelivery[]): JobRun {
  const times = deliveries.flatMap(({ status, nextAt }) => (status === 'pending' ? [nextAt ?? 0] : []));
  return { ...run, version: run.version + 1, deliveries, wakeAt: times.length > 0 ? Math.min(...times) : null };
}
