import type { JobDelivery, JobRun, JobWork } from '#libs/contract';
import { splitTarget, type DeliveryOutcome } from '#libs/delivery';
import type { JobPorts } from './job-ports.js';

const RESULTS_AT_ONCE_MAX = 20;
/** Nobody else delivers a result meanwhile; longer than all its targets may take. */
const LEASE_MS = 120_000;
/** Between attempts, about as Standard Webhooks proposes: a day altogether. */
const BACKOFF_SECONDS = [5, 60, 300, 1_800, 7_200, 18_000, 36_000];

/** Delivers what is due, page after page. At least once: a receiver tells a repetition by the id of the message. */
export async function deliverResults(ports: JobPorts, signal: AbortSignal): Promise<void> {
  for (let isMore = true; isMore && !signal.aborted;) {
    const { now, work } = await ports.jobs.work({ kind: 'delivery', limit: RESULTS_AT_ONCE_MAX });
    const leases = work.map(({ run }) => ({ run: { ...run, wakeAt: now + LEASE_MS } }));
    const mine = new Set(leases.length > 0 ? await ports.jobs.change({ changes: leases }) : []);
    const leased = work.filter(({ run }) => mine.has(run.runId));
    await Promise.all(leased.map((item) => deliverResult(ports, item, { now, signal })));
    isMore = work.length >= RESULTS_AT_ONCE_MAX;
  }
}

async function deliverResult(
  ports: JobPorts,
  { job, run }: JobWork,
  { now, signal }: { now: number; signal: AbortSignal },
): Promise<void> {
  const attempt = async (delivery: JobDelivery, place: number): Promise<JobDelivery> => {
    if (delivery.status !== 'pending' || (delivery.nextAt ?? 0) > now) return delivery;
    const { scheme, address } = splitTarget(delivery.target);
    const target = ports.targets.find((one) => one.scheme === scheme);
    const messageId = `${run.runId.replace('run_', 'msg_')}_${place}`;
    const outcome = await (target?.deliver({ job, run, address, messageId, now, signal }) ?? UNKNOWN);
    return afterAttempt(delivery, outcome, now);
  };
  try {
    const deliveries = await Promise.all(run.deliveries.map(attempt));
    await ports.jobs.change({ changes: [{ run: afterLease(run, deliveries) }] });
  } catch (cause) {
    // Stopping, or the store is away: the lease ends, and whoever is there then delivers again.
    ports.logger.warn({ err: cause, runId: run.runId }, 'the delivery of a result was broken off; it comes again');
  }
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

/** Taking the lease was a change of its own. */
function afterLease(run: JobRun, deliveries: readonly JobDelivery[]): JobRun {
  const times = deliveries.flatMap(({ status, nextAt }) => (status === 'pending' ? [nextAt ?? 0] : []));
  return { ...run, version: run.version + 1, deliveries, wakeAt: times.length > 0 ? Math.min(...times) : null };
}
