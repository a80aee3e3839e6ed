import type { ApiConfig } from '#libs/config';
import { GatewayError, type RefusalReason } from '#libs/contract';

type ReceivingLimits = Pick<ApiConfig, 'receivingBytesMax' | 'receivingBytesPerKeyMax'>;

/**
 * Bytes that clients are sending and that this process holds for them: incomplete bodies, and incomplete or waiting
 * messages on WebSockets. Counted in bytes, because the largest body is as large as a thousand ordinary ones.
 */
export class ReceivingBudget {
  private total = 0;
  private readonly byKey = new Map<string, number>();

  constructor(private readonly limits: ReceivingLimits) {}

  /** An empty account, for one body or one connection of a key. */
  open(owner: string): Receiving {
    return new Receiving((from, to) => this.change(owner, from, to));
  }

  /** Throws like `Receiving.hold` for a body of that length, and takes nothing. */
  assertRoom(owner: string, bytes: number): void {
    const account = this.open(owner);
    account.hold(bytes);
    account.end();
  }

  /** All bytes held now. */
  get bytes(): number {
    return this.total;
  }

  /**
   * A key that holds nothing may hold one body of any size, because a small budget would otherwise refuse large bodies
   * for ever. Throws GatewayError `rate_limit_exceeded`; then nothing has changed.
   */
  private change(owner: string, from: number, to: number): void {
    const ofOthers = this.total - from;
    const ofKey = (this.byKey.get(owner) ?? 0) - from;
    if (to > from) {
      const { receivingBytesMax, receivingBytesPerKeyMax } = this.limits;
      if (ofKey > 0 && ofKey + to > receivingBytesPerKeyMax) throw tooMuch(' of this API key', 'key_receiving');
      if (ofOthers > 0 && ofOthers + to > receivingBytesMax) throw tooMuch('', 'receiving');
    }
    this.total = ofOthers + to;
    if (ofKey + to > 0) this.byKey.set(owner, ofKey + to);
    else this.byKey.delete(owner);
  }
}

/** The part of the budget that one body or one connection holds. */
export class Receiving {
  private held = 0;

  constructor(private readonly change: (from: number, to: number) => void) {}

  /** Sets the number of held bytes. Throws GatewayError `rate_limit_exceeded` when there is no room for more. */
  hold(bytes: number): void {
    this.change(this.held, bytes);
    this.held = bytes;
  }

  /** Releases everything. */
  end(): void {
    this.hold(0);
  }
}

function tooMuch(whose: string, reason: RefusalReason): GatewayError {
  return new GatewayError('rate_limit_exceeded', `Too many bytes of requests${whose} are being received.`, {
    retryAfterSeconds: 1,
    reason,
  });
}
