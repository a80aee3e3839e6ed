import type { Socket } from 'node:net';

/** Why a request stopped being waited for before it was answered. */
export type Interruption = 'client_gone' | 'draining' | 'no_worker';

/**
 * One request that waits for a run. `signal` aborts as soon as the client's socket closes, whatever the state of the
 * answer, or when this process must stop.
 */
export class Exchange {
  interruption: Interruption | undefined;
  private readonly controller = new AbortController();
  private readonly onClose = (): void => this.interrupt('client_gone');

  constructor(
    private readonly socket: Socket,
    private readonly leave: (exchange: Exchange) => void,
  ) {
    // Listens to the socket, because a response that queues behind others on its connection may never be closed.
    if (socket.destroyed) this.onClose();
    else socket.once('close', this.onClose);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /**
   * Nobody waits for the answer any more, and nobody will come back for it. Who was told that there is no worker comes
   * back for the same run if the request has an Idempotency-Key (`isKeyed`).
   */
  isGivenUp(isKeyed: boolean): boolean {
    return this.interruption === 'client_gone' || (this.interruption === 'no_worker' && !isKeyed);
  }

  interrupt(why: Interruption): void {
    if (this.interruption !== undefined) return;
    this.interruption = why;
    this.controller.abort();
  }

  /** The request has its answer, so events of the socket no longer matter. */
  finish(): void {
    this.socket.off('close', this.onClose);
    this.leave(this);
  }
}

/** All requests of this process that wait for a run. */
export class Exchanges {
  private readonly open = new Set<Exchange>();
  private onEmpty: (() => void) | undefined;

  begin(socket: Socket): Exchange {
    const exchange = new Exchange(socket, (done) => this.remove(done));
    this.open.add(exchange);
    return exchange;
  }

  get size(): number {
    return this.open.size;
  }

  /** Resolves when the last request is answered. At the deadline the remaining ones are interrupted. */
  async drain(deadline: AbortSignal): Promise<void> {
    const interruptAll = (): void => {
      for (const exchange of this.open) exchange.interrupt('draining');
    };
    deadline.addEventListener('abort', interruptAll, { once: true });
    if (this.open.size > 0) await new Promise<void>((resolve) => (this.onEmpty = resolve));
    deadline.removeEventListener('abort', interruptAll);
  }

  private remove(exchange: Exchange): void {
    this.open.delete(exchange);
    if (this.open.size === 0) this.onEmpty?.();
  }
}
