import { GatewayError, type Job, type JobRun, type JsonObject } from '#libs/contract';
import { splitTarget, type DeliveryOutcome, type DeliveryTarget } from '#libs/delivery';
import { randomUUID } from 'node:crypto';
import { API_LIMITS } from '../words/api-limits.js';

const SAMPLE = 'This is a test of Talaria. Results of this job will arrive here.';
const BUSY_RETRY_SECONDS = 5;

/** Sends samples of results, so that a wrong target shows before the first result is due. */
export class DeliveryTests {
  private readonly underWay = new Set<string>();

  constructor(private readonly targets: readonly DeliveryTarget[]) {}

  /**
   * One attempt at each target of a job; nothing is tried again or kept. Throws GatewayError `rate_limit_exceeded`
   * while another test of the same key, or too many of others, are under way.
   * @returns of each target whether it took the sample, and why not.
   */
  async send(job: Job): Promise<JsonObject[]> {
    const { underWay } = this;
    if (underWay.has(job.owner) || underWay.size >= API_LIMITS.deliveryTestsMax) throw busy();
    underWay.add(job.owner);
    try {
      const signal = AbortSignal.timeout(API_LIMITS.deliveryTestMsMax);
      return await Promise.all(job.deliver.map((target) => this.sendOne(job, target, signal)));
    } finally {
      underWay.delete(job.owner);
    }
  }

  private async sendOne(job: Job, text: string, signal: AbortSignal): Promise<JsonObject> {
    const { scheme, address } = splitTarget(text);
    const target = this.targets.find((one) => one.scheme === scheme);
    const id = randomUUID().replaceAll('-', '');
    const parcel = { job, run: sampleOf(job, id), address, messageId: `msg_${id}`, now: Date.now(), signal };
    const attempt = async (): Promise<DeliveryOutcome> => {
      if (!target) return UNKNOWN;
      // What nobody would post now is not sent: the sample would come when its sender has forgotten it.
      const absence = await target.absence?.();
      return absence ? { kind: 'failed', why: absence.why, final: false } : target.deliver(parcel);
    };
    const outcome = await attempt().catch((cause: unknown): DeliveryOutcome => (isAway(cause) ? AWAY : LATE));
    const isThere = outcome.kind === 'delivered';
    return { target: text, status: isThere ? 'delivered' : 'failed', error: isThere ? null : outcome.why };
  }
}

const UNKNOWN: DeliveryOutcome = { kind: 'failed', why: 'there is no such target any more', final: true };
const AWAY: DeliveryOutcome = { kind: 'failed', why: 'the chats cannot be reached', final: false };
const isAway = (cause: unknown): boolean => cause instanceof GatewayError;
const LATE: DeliveryOutcome = { kind: 'failed', why: 'it took too long', final: false };

const busy = (): GatewayError =>
  new GatewayError('rate_limit_exceeded', 'Another delivery is being tested. Try again in some seconds.', {
    retryAfterSeconds: BUSY_RETRY_SECONDS,
  });

/** A run that never was: receivers see its id begin with `run_test_`. */
function sampleOf(job: Job, id: string): JobRun {
  const now = Date.now();
  return {
    runId: `run_test_${id}`,
    jobId: job.id,
    owner: job.owner,
    version: 1,
    slot: now,
    attempt: 1,
    status: 'completed',
    wakeAt: null,
    manual: true,
    misfire: false,
    claimedAt: now,
    startedAt: now,
    endedAt: now,
    output: SAMPLE,
    deliveries: [],
  };
}
