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
 * deployment starts, the store is not up yet; a warning per duty and second would look like a fault.
 */
export class Outages {
  /** By neighbour that is away: the duties that still need it. */
  private readonly missing = new Map<Neighbour, Set<string>>();
  /** Duties that succeeded at least once: if one fails now, its neighbour was there before. */
  private readonly done = new Set<string>();

  constructor(
    private readonly logger: Logger,
    private readonly addresses: NeighbourAddresses,
  ) {}

  succeeded(duty: string): void {
    this.done.add(duty);
    for (const [neighbour, duties] of this.missing) {
      if (!duties.has(duty)) continue;
      this.missing.delete(neighbour);
      this.logger.info({ neighbour, address: this.addresses[neighbour] }, 'a neighbour answers again');
    }
  }

  failed(duty: string, cause: unknown): void {
    const neighbour = neighbourOf(cause);
    if (neighbour === undefined) {
      this.logger.warn({ err: cause, duty }, 'a duty failed; it comes again');
      return;
    }
    const duties = this.missing.get(neighbour);
    if (duties) {
      duties.add(duty);
      return;
    }
    this.missing.set(neighbour, new Set([duty]));
    const facts = { neighbour, address: this.addresses[neighbour], duty };
    if (this.done.has(duty)) this.logger.warn(facts, 'a neighbour is away; the duties that need it come again');
    else this.logger.info(facts, 'waiting for a neighbour that does not answer yet');
  }
}

function neighbourOf(cause: unknown): Neighbour | undefined {
  if (!(cause instanceof GatewayError)) return undefined;
  return cause.code === 'unavailable' || cause.code === 'queue_unavailable' ? NEIGHBOURS[cause.code] : undefined;
}
