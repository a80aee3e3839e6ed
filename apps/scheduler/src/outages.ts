import { GatewayError, type ErrorCode } from '#libs/contract';
import type { Logger } from '#libs/platform';

/** What a duty is told when the store (`unavailable`) or Redis cannot be reached. */
const NEIGHBOURS = { unavailable: 'store', queue_unavailable: 'redis' } as const satisfies Partial<
  Record<ErrorCode, string>
>;
export type Neighbour = (typeof NEIGHBOURS)[keyof typeof NEIGHBOURS];

/** Where each neighbour is asked, without user and password: the log shows it. */
export type NeighbourAddresses = Readonly<Record<Neighbour, string>>;

/**
 * Turns the failures of duties into one log line per outage of a neighbour and one when it is back. At a start the
 * store is still being made; a warning per duty and second would look like a fault.
 */
export class Outages {
  /** The duties that still miss a neighbour which is away. */
  private readonly missing = new Map<Neighbour, Set<string>>();
  /** Duties that were done: what they miss now they had before. */
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
