import { GatewayError } from '#libs/contract';
import type { IncomingMessage } from 'node:http';
import { API_LIMITS } from '../../words/api-limits.js';
import { tokenOf } from './key-ring.js';

const WINDOW_MS = 60_000;

/**
 * Counts wrong keys per remote address in windows of a minute. Only wrong keys are refused: everybody behind one proxy
 * shares an address, so refusing right keys would let any of them lock out the others.
 */
export class FailedLogins {
  private readonly windows = new Map<string, { startedAt: number; failures: number }>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Counts a failure. Returns GatewayError `rate_limit_exceeded` once the address has had too many in this minute. */
  add(address: string): GatewayError | undefined {
    const now = this.now();
    const window = this.windowOf(address, now);
    window.failures++;
    if (window.failures <= API_LIMITS.authFailuresPerMinuteMax) return undefined;
    const retryAfterSeconds = Math.max(1, Math.ceil((window.startedAt + WINDOW_MS - now) / 1_000));
    return new GatewayError('rate_limit_exceeded', 'Too many wrong API keys from this address.', {
      retryAfterSeconds,
      reason: 'wrong_keys',
    });
  }

  /** Counts a request with a wrong key, like `add`. A request without a key is no failure. */
  addRequest(request: IncomingMessage): GatewayError | undefined {
    return tokenOf(request) === undefined ? undefined : this.add(request.socket.remoteAddress ?? '');
  }

  /** Number of counted addresses, for tests of the bound. */
  get size(): number {
    return this.windows.size;
  }

  private windowOf(address: string, now: number): { startedAt: number; failures: number } {
    const known = this.windows.get(address);
    if (known && now - known.startedAt < WINDOW_MS) return known;
    // Inserted again, so that the map stays in the order in which the windows began.
    this.windows.delete(address);
    const window = { startedAt: now, failures: 0 };
    this.windows.set(address, window);
    const [oldest] = this.windows.keys();
    if (this.windows.size > API_LIMITS.authFailureAddressesMax && oldest !== undefined) this.windows.delete(oldest);
    return window;
  }
}
