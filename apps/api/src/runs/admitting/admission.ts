import type { ApiConfig, KeyLimits } from '#libs/config';
import { GatewayError, type RefusalReason } from '#libs/contract';

const IN_FLIGHT_RETRY_SECONDS = 1;

export interface AdmissionLimits extends Pick<ApiConfig, 'inFlightMax' | 'inFlightPerKeyMax'> {
  /** Limits of single keys, by their names, in place of the general ones. */
  readonly ofKeys: ReadonlyMap<string, KeyLimits>;
}

/**
 * Limits on the work of this process and of the deployment. Requests beyond them are refused with 429, before any work.
 */
export class Admission {
  private inFlight = 0;
  private readonly inFlightOf = new Map<string, number>();

  constructor(private readonly limits: AdmissionLimits) {}

  /**
   * Takes a place for a request that waits for a run. Throws GatewayError `rate_limit_exceeded`. @returns a function
   * that releases the place.
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
