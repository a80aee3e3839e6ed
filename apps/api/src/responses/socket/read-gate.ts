import type { WebSocket } from 'ws';

/** Why nothing is read from a client: it does not read, too many of its messages wait, or the connection is ending. */
export type GateReason = 'unread' | 'ahead' | 'leaving';

/** Decides whether a WebSocket is read: only while there is no reason against it. */
export class ReadGate {
  private readonly reasons = new Set<GateReason>();
  /** The gate was closed at some time since the last call of `wasClosed`. */
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

  /** Called regularly: whether the gate was closed since the last call, so that the client's pongs may be unread. */
  wasClosed(): boolean {
    const was = this.hasClosed || this.reasons.size > 0;
    this.hasClosed = false;
    return was;
  }
}
