import { LIMITS } from '#libs/contract';
import type { WebSocket } from 'ws';
import { API_LIMITS } from '../../words/api-limits.js';

/** Writes messages to one client, and no faster than it reads: what is under way to a slow one is bounded. */
export class SocketWriter {
  /** Nothing was sent since the last look. */
  private isSilent = false;

  constructor(private readonly webSocket: WebSocket) {}

  /** Called regularly: sends the text when nothing else was sent since the last call. */
  breakSilence(text: string): void {
    if (this.isSilent && this.webSocket.bufferedAmount === 0) void this.send(text);
    this.isSilent = true;
  }

  /** A promise means that the client must catch up first; one that stops reading altogether is cut off. */
  send(text: string): Promise<void> | undefined {
    const { webSocket } = this;
    this.isSilent = false;
    if (webSocket.readyState !== webSocket.OPEN) return undefined;
    if (webSocket.bufferedAmount < API_LIMITS.sseBurstCharsMax) {
      // Its failure closes the socket, which is heard of elsewhere.
      webSocket.send(text, () => undefined);
      return undefined;
    }
    return new Promise((resolve) => {
      const stalled = setTimeout(() => webSocket.terminate(), LIMITS.sseWriteStallSecondsMax * 1_000);
      webSocket.send(text, () => {
        clearTimeout(stalled);
        resolve();
      });
    });
  }
}
