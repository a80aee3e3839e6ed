import type { ApiConfig, KeyLimits } from '#libs/config';
import { GatewayError, type RefusalReason } from '#libs/contract';

const IN_FLIGHT_RETRY_SECONDS = 1;

export interface AdmissionLimits extends Pick<
  ApiConfig,
  'inFlightMax' | 'inFlightPerKeyMax' | 'listenersMax' | 'listenersPerKeyMax'
> {
  /** What single keys may do instead, by their names. */
  readonly ofKeys: ReadonlyMap<string, KeyLimits>;
}

/** `waiting`: a request that waits for its own run. `listening`: one that listens to a run that goes on without it. */
export type Presence = 'waiting' | 'listening';

/** How much this process and the deployment take on. What is too much is refused with 429, before any work is done. */
export class Admission {
  private readonly waiters: Places;
  private readonly listeners: Places;

  constructor({ inFlightMax, inFlightPerKeyMax, listenersMax, listenersPerKeyMax, ofKeys }: AdmissionLimits) {
    this.waiters = new Places(inFlightMax, (owner) => ofKeys.get(owner)?.inFlightMax ?? inFlightPerKeyMax, {
      all: ['in_flight', 'Too many requests are waiting for their runs.'],
      key: ['key_in_flight', 'Too many requests of this API key are waiting for their runs.'],
    });
    this.listeners = new Places(listenersMax, () => listenersPerKeyMax, {
      all: ['listeners', 'Too many requests are listening to runs.'],
      key: ['key_listeners', 'Too many requests of this API key are listening to runs.'],
    });
  }

  /** Takes a place for a request. Throws GatewayError `rate_limit_exceeded`. @returns its release. */
  enter(owner: string, presence: Presence = 'waiting'): () => void {
    return (presence === 'waiting' ? this.waiters : this.listeners).take(owner);
  }

  get waiting(): number {
    return this.waiters.taken;
  }
}

type Refusal = readonly [reason: RefusalReason, message: string];

class Places {
  taken = 0;
  private readonly takenBy = new Map<string, number>();

  constructor(
    private readonly max: number,
    private readonly maxOf: (owner: string) => number,
    private readonly refusals: { readonly all: Refusal; readonly key: Refusal },
  ) {}

  take(owner: string): () => void {
    if (this.taken >= this.max) throw tooMany(this.refusals.all);
    const own = this.takenBy.get(owner) ?? 0;
    if (own >= this.maxOf(owner)) throw tooMany(this.refusals.key);
    this.taken++;
    this.takenBy.set(owner, own + 1);
    let held = true;
    return () => {
      if (held) this.leave(owner);
      held = false;
    };
  }

  private leave(owner: string): void {
    this.taken--;
    const own = (this.takenBy.get(owner) ?? 1) - 1;
    if (own > 0) this.takenBy.set(owner, own);
    else this.takenBy.delete(owner);
  }
}

function tooMany([reason, message]: Refusal): GatewayError {
  return new GatewayError('rate_limit_exceeded', message, { retryAfterSeconds: IN_FLIGHT_RETRY_SECONDS, reason });
}
