import { withDeadline, type RunQueue } from '#libs/bus';
import type { ApiConfig } from '#libs/config';
import { GatewayError } from '#libs/contract';

/** Seconds after which a queue that was full is worth another try. */
const QUEUE_FULL_RETRY_SECONDS = 5;
const IN_FLIGHT_RETRY_SECONDS = 1;

/** How much this process and the deployment take on. What is too much is refused with 429, before any work is done. */
export class Admission {
  private inFlight = 0;

  constructor(
    private readonly queue: Pick<RunQueue, 'depth'>,
    private readonly limits: Pick<ApiConfig, 'inFlightMax' | 'queuedMax'>,
  ) {}

  /** Takes a place for a request that waits for a run. Throws GatewayError `rate_limit_exceeded`. @returns its release. */
  enter(): () => void {
    if (this.inFlight >= this.limits.inFlightMax) {
      throw new GatewayError('rate_limit_exceeded', 'Too many requests are waiting for their runs.', {
        retryAfterSeconds: IN_FLIGHT_RETRY_SECONDS,
      });
    }
    this.inFlight++;
    let held = true;
    return () => {
      if (held) this.inFlight--;
      held = false;
    };
  }

  /** May another run be queued? Throws GatewayError `queue_full`, or `queue_unavailable` when Redis does not answer. */
  async assertQueueHasRoom(): Promise<void> {
    if ((await withDeadline(this.queue.depth())) < this.limits.queuedMax) return;
    throw new GatewayError('queue_full', 'Too many runs are waiting for a worker.', {
      retryAfterSeconds: QUEUE_FULL_RETRY_SECONDS,
    });
  }

  get waiting(): number {
    return this.inFlight;
  }
}
