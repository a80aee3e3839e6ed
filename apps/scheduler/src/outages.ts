import { GatewayError, type ErrorCode } from '#libs/contract';
import type { Logger } from '#libs/platform';

/** The error codes that mean that the store or Redis cannot be reached. */
const NEIGHBOURS = { unavailable: 'store', queue_unavailable: 'redis' } as const satisfies Partial<
  Record<ErrorCode, string>
>;
export type Neighbour = (typeof NEIGHBOURS)[keyof typeof NEIGHBOURS];

/** Address of each neighbour, without user and password, because logs show it. */
export type NeighbourAddresses = Readonly<Record<Neighbour, string>>;

/**
 * Turns the failures of duties into one log line per outage of a neighbour and one when it is back. While a new
 * deployment starts, the store is not up yet: for `STARTING_MS` nobody is told, because nothing is wrong.
 */
export class Outages {
  /** By neighbour that is away: the duties that still need it, and whether anybody was told. */
  private readonly missing = new Map<Neighbour, { readonly duties: Set<string>; isTold: boolean }>();
  /** Duties that succeeded at least once: if one fails now, its neighbour was there before. */
  private readonly done = new Set<string>();
  private readonly startedAt: number;

  constructor(
    private readonly logger: Logger,
    private readonly addresses: NeighbourAddresses,
    private readonly now: () => number = Date.now,
  ) {
    this.startedAt = now();
  }

  succeeded(duty: string): void {
    this.done.add(duty);
    for (const [neighbour, { duties, isTold }] of this.missing) {
      if (!duties.has(duty)) continue;
      this.missing.delete(neighbour);
      this.logger[isTold ? 'info' : 'debug'](
        { neighbour, address: this.addresses[neighbour] },
        'a neighbour answers again',
      );
    }
  }

  failed(duty: string, cause: unknown): void {
    const neighbour = neighbourOf(cause);
    if (neighbour === undefined) {
      this.logger.warn({ err: cause, duty }, 'a duty failed; it comes again');
      return;
    }
    const outage = this.missing.get(neighbour) ?? { duties: new Set<string>(), isTold: false };
    this.missing.set(neighbour, outage);
    outage.duties.add(duty);
    if (outage.isTold) return;
    const facts = { neighbour, address: this.addresses[neighbour], duty };
    const isStarting = this.now() - this.startedAt < STARTING_MS;
    if (this.done.has(duty)) this.logger.warn(facts, 'a neighbour is away; the duties that need it come again');
    else if (!isStarting) this.logger.info(facts, 'waiting for a neighbour that does not answer yet');
    outage.isTold = this.done.has(duty) || !isStarting;
  }
}

/** Time in which all services of a deployment that starts are expected to be up. */
const STARTING_MS = 20_000;

function neighbourOf(cause: unknown): Neighbour | undefined {
  if (!(cause instanceof GatewayError)) return undefined;
  return cause.code === 'unavailable' || cause.code === 'queue_unavailable' ? NEIGHBOURS[cause.code] : undefined;
}
