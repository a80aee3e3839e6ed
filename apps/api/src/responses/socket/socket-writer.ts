import { LIMITS } from '#libs/contract';
import type { WebSocket } from 'ws';
import { API_LIMITS } from '../../words/api-limits.js';
import { ReadGate } from './read-gate.js';

/** The state of a client that has to catch up. */
interface Stall {
  readonly caughtUp: Promise<void>;
  end(): void;
  /** Cuts the connection; restarts with every write that succeeds. */
  readonly cut: NodeJS.Timeout;
}

/**
 * Writes messages to one client, no faster than the client reads, so the data under way to a slow one is bounded. A
 * client that does not read is not read from either, because the answers to its messages would fill our memory.
 */
export class SocketWriter {
  /** Nothing was sent since the last check. */
  private isSilent = false;
  private stall: Stall | undefined;

  constructor(
    private readonly webSocket: WebSocket,
    private readonly gate = new ReadGate(webSocket),
  ) {
    webSocket.once('close', () => this.catchUp());
  }

  /** Called regularly: whether the client was not read since the last call, so that its pongs may be unread. */
  wasBehind(): boolean {
    return this.gate.wasClosed();
  }

  /** Resolves when the client has read everything sent so far; undefined when it already has. */
  get caughtUp(): Promise<void> | undefined {
    return this.stall?.caughtUp;
  }

  /** Called regularly: sends the text when nothing else was sent since the last call. */
  breakSilence(text: string): void {
    if (this.isSilent && this.webSocket.bufferedAmount === 0) void this.send(text);
    this.isSilent = true;
  }

  /** Sends a text. A promise means that the client must catch up first; a client that stops reading is cut off. */
  send(text: string): Promise<void> | undefined {
    const { webSocket } = this;
    this.isSilent = false;
    if (webSocket.readyState !== webSocket.OPEN) return undefined;
    // A failure closes the socket, which is handled elsewhere.
    webSocket.send(text, this.written);
    if (!this.stall && webSocket.bufferedAmount >= API_LIMITS.sseBurstCharsMax) this.stall = this.hold();
    return this.stall?.caughtUp;
  }

  /**
   * Sends a short message without waiting. A client that has left too much unread is cut off instead: one piece of
   * input may hold thousands of messages, and all of them are processed before the socket is paused.
   */
  tell(text: string): void {
    if (this.webSocket.bufferedAmount > API_LIMITS.webSocketUnreadBytesMax) this.webSocket.terminate();
    else void this.send(text);
  }

  private readonly written = (): void => {
    if (this.webSocket.bufferedAmount < API_LIMITS.sseBurstCharsMax) this.catchUp();
    else this.stall?.cut.refresh();
  };

  private hold(): Stall {
    const { webSocket } = this;
    this.gate.set('unread', true);
    let end = (): void => undefined;
    const caughtUp = new Promise<void>((resolve) => (end = resolve));
    const cut = setTimeout(() => webSocket.terminate(), LIMITS.sseWriteStallSecondsMax * 1_000);
    return { caughtUp, end, cut };
  }

  private catchUp(): void {
    const { stall } = this;
    if (!stall) return;
    this.stall = undefined;
    clearTimeout(stall.cut);
    this.gate.set('unread', false);
    stall.end();
  }
}
