import { withDeadline } from '#libs/bus';
import type { ApiConfig, KeyLimits } from '#libs/config';
import { GatewayError, type RefusalReason, type RunDraft, type RunQueue } from '#libs/contract';

/** Seconds after which a queue that was full is worth another try. */
const QUEUE_FULL_RETRY_SECONDS = 5;
const IN_FLIGHT_RETRY_SECONDS = 1;

export interface AdmissionLimits extends Pick<
  ApiConfig,
  'inFlightMax' | 'inFlightPerKeyMax' | 'queuedMax' | 'queuedPerKeyMax'
> {
  /** What single keys may do instead, by their names. */
  readonly ofKeys: ReadonlyMap<string, KeyLimits>;
}

/** How much this process and the deployment take on. What is too much is refused with 429, before any work is done. */
export class Admission {
  private inFlight = 0;
  private readonly inFlightOf = new Map<string, number>();

  /** @param slots runs that all workers together execute at the same time, as far as is known now. */
  constructor(
    private readonly queue: Pick<RunQueue, 'depth' | 'place'>,
    private readonly limits: AdmissionLimits,
    private readonly slots: () => number,
  ) {}

  /**
   * Takes a place for a request that waits for a run. Throws GatewayError `rate_limit_exceeded`. @returns its release.
   */
  enter(owner: string): () => void {
    const { inFlightMax, inFlightPerKeyMax, ofKeys } = this.limits;
    if (this.inFlight >= inFlightMax)
      throw tooManyInFlight('Too many requests are waiting for their runs.', 'in_flight');
    const own = this.inFlightOf.get(owner) ?? 0;
    if (own >= (ofKeys.get(owner)?.inFlightMax ?? inFlightPerKeyMax)) {
      throw tooManyInFlight('Too many requests of this API key are waiting for their runs.', 'key_in_flight');
    }
    this.inFlight++;
    this.inFlightOf.set(owner, own + 1);
    let held = true;
    return () => {
      if (held) this.leave(owner);
      held = false;
    };
  }

  /**
   * The place of another run in the queue, for RunService.open. Throws GatewayError `queue_full` when there is none,
   * for all or for this key, or no memory, and `queue_unavailable` when Redis does not answer.
   */
  async placeInQueue(owner: string, { background, jobId }: Pick<RunDraft, 'background' | 'jobId'>): Promise<number> {
    const { queuedMax, queuedPerKeyMax, ofKeys } = this.limits;
    if ((await withDeadline(this.queue.depth())) >= queuedMax) {
      throw queueFull('Too many runs are waiting for a worker.', 'queue_full');
    }
    const place = await this.queue.place({
      owner,
      lane: background || jobId !== undefined ? 'background' : 'interactive',
      waitingMax: ofKeys.get(owner)?.queuedMax ?? queuedPerKeyMax,
      slots: this.slots(),
    });
    switch (place.kind) {
      case 'placed':
        return place.tag;
      case 'full':
        throw queueFull('Too many runs of this API key are waiting for a worker.', 'key_queue_full');
      case 'no_memory':
        throw queueFull('There is no room for another run.', 'queue_full');
    }
  }

  private leave(owner: string): void {
    this.inFlight--;
    const own = (this.inFlightOf.get(owner) ?? 1) - 1;
    if (own > 0) this.inFlightOf.set(owner, own);
    else this.inFlightOf.delete(owner);
  }

  get waiting(): number {
    return this.inFlight;
  }
}

function tooManyInFlight(message: string, reason: RefusalReason): GatewayError {
  return new GatewayError('rate_limit_exceeded', message, { retryAfterSeconds: IN_FLIGHT_RETRY_SECONDS, reason });
}

function queueFull(message: string, reason: RefusalReason): GatewayError {
  return new GatewayError('queue_full', message, { retryAfterSeconds: QUEUE_FULL_RETRY_SECONDS, reason });
}
