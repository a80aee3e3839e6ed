import type { WebSocket } from 'ws';

/** Why nothing is read from a client: it does not read, too much of it waits, or it is being left. */
export type GateReason = 'unread' | 'ahead' | 'leaving';

/** Whether a WebSocket is read from: only while nothing speaks against it. */
export class ReadGate {
  private readonly reasons = new Set<GateReason>();
  /** It was closed since the last call of `wasClosed`. */
  private hasClosed = false;

  constructor(private readonly webSocket: Pick<WebSocket, 'pause' | 'resume'>) {}

  set(reason: GateReason, isClosed: boolean): void {
    if (isClosed === this.reasons.has(reason)) return;
    if (isClosed) this.reasons.add(reason);
    else this.reasons.delete(reason);
    if (this.reasons.size === 0) this.webSocket.resume();
    else this.webSocket.pause();
    this.hasClosed ||= isClosed;
  }

  /** Called regularly: it was closed since the last call, so that the client's pongs may wait unread. */
  wasClosed(): boolean {
    const was = this.hasClosed || this.reasons.size > 0;
    this.hasClosed = false;
    return was;
  }
}
