import { GatewayError } from '#libs/contract';
import type { RawData } from 'ws';
import type { ConnectedSocket } from '../../edge/upgrade.js';
import type { Receiving } from '../../receiving/receiving-budget.js';
import { API_LIMITS } from '../../words/api-limits.js';
import type { ReadGate } from './read-gate.js';

/** Bytes around the payload of a client's ping or pong: two bytes, and the mask. */
const CONTROL_FRAME_BYTES = 6;

/**
 * Messages that a connection has sent and that are not answered yet: an incomplete message, and complete ones that
 * wait. Both count in `receiving`. A message in parts that has no room there is reported to `onOverflow`. While a
 * message is in work, only a little of what follows is read; the rest waits with the client.
 */
export class MessageIntake {
  private readonly waiting: RawData[] = [];
  private waitingBytes = 0;
  /** Bytes received since the end of the last complete message. */
  private partBytes = 0;
  /** The message that was shifted last is being answered. */
  private isInWork = false;
  private isClosed = false;

  constructor(
    { webSocket, socket }: Pick<ConnectedSocket, 'webSocket' | 'socket'>,
    private readonly receiving: Receiving,
    private readonly gate: ReadGate,
    private readonly onOverflow: (cause: unknown) => void,
  ) {
    let isWhole = false;
    let controlBytes = 0;
    const addControl = (data: Buffer): void => void (controlBytes += data.length + CONTROL_FRAME_BYTES);
    webSocket.on('message', () => (isWhole = true));
    webSocket.on('ping', addControl).on('pong', addControl);
    // The library processes each piece of input before this listener is called with it.
    socket.on('data', (piece: Buffer) => {
      this.partBytes = isWhole ? 0 : Math.max(0, this.partBytes + piece.length - controlBytes);
      isWhole = false;
      controlBytes = 0;
      this.account();
    });
    webSocket.once('close', () => {
      // The answer in work ends later, and must put nothing back on the account.
      this.isClosed = true;
      receiving.end();
    });
  }

  /** Adds a complete message. Throws GatewayError `rate_limit_exceeded` when there is no room for it. */
  push(data: RawData): void {
    const bytes = bytesOf(data);
    const { webSocketWaitingMax, webSocketWaitingBytesMax } = API_LIMITS;
    const isFull = this.waiting.length >= webSocketWaitingMax || this.waitingBytes + bytes > webSocketWaitingBytesMax;
    if (this.waiting.length > 0 && isFull) {
      throw new GatewayError('rate_limit_exceeded', 'Too many messages wait on this connection.');
    }
    this.partBytes = 0;
    this.receiving.hold(this.waitingBytes + bytes);
    this.waiting.push(data);
    this.waitingBytes += bytes;
  }

  /** The next message, which is in work until the next call of this method or of `clear`. */
  shift(): RawData | undefined {
    const data = this.waiting.shift();
    this.isInWork = data !== undefined;
    if (data !== undefined) this.waitingBytes -= bytesOf(data);
    this.account();
    return data;
  }

  /** Forgets the waiting messages. */
  clear(): void {
    this.waiting.length = 0;
    this.isInWork = false;
    this.waitingBytes = 0;
    this.account();
  }

  private account(): void {
    if (this.isClosed) return;
    const held = this.waitingBytes + this.partBytes;
    this.gate.set('ahead', this.isInWork && held > API_LIMITS.webSocketAheadBytesMax);
    try {
      this.receiving.hold(held);
    } catch (cause) {
      this.onOverflow(cause);
    }
  }
}

const bytesOf = (data: RawData): number => [data].flat().reduce((sum, { byteLength }) => sum + byteLength, 0);
