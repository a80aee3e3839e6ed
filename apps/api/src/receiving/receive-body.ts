import { GatewayError } from '#libs/contract';
import type { Readable } from 'node:stream';
import type { Receiving } from './receiving-budget.js';

/** First memory for a body of unknown length; it doubles when needed. */
const FIRST_BYTES = 65_536;

export interface BodyBounds {
  /** From Content-Length; undefined when the body comes in chunks. */
  readonly declaredBytes: number | undefined;
  readonly bytesMax: number;
}

/**
 * Reads a body into one piece of memory, which counts in `receiving`: completely before the first byte when its length
 * is declared, else as it grows. Pieces are copied as they arrive: kept separately, a body sent in pieces of one byte
 * would take a hundred times its size. Rejects with GatewayError `body_too_large`, with the error of `receiving`, and
 * with `invalid_request` when the body breaks off. The bytes no longer count once this has settled.
 */
export async function receiveBody(payload: Readable, bounds: BodyBounds, receiving: Receiving): Promise<Buffer> {
  const { declaredBytes, bytesMax } = bounds;
  try {
    if (declaredBytes !== undefined && declaredBytes > bytesMax) throw tooLarge(bytesMax);
    receiving.hold(declaredBytes ?? 0);
    return await read(payload, bounds, (bytes) => receiving.hold(Math.max(bytes, declaredBytes ?? 0)));
  } catch (cause) {
    // The rest of the body is read and discarded, so that the connection can be used again.
    payload.resume();
    throw cause;
  } finally {
    receiving.end();
  }
}

function read(payload: Readable, { declaredBytes, bytesMax }: BodyBounds, hold: (bytes: number) => void) {
  return new Promise<Buffer>((resolve, reject) => {
    let room = Buffer.alloc(0);
    let length = 0;
    const make = (bytes: number): void => {
      // Memory for a declared length is taken at once: growing to that length would leave as much garbage again.
      const size = declaredBytes ?? Math.min(Math.max(bytes, room.length * 2, FIRST_BYTES), bytesMax);
      hold(size);
      const larger = Buffer.allocUnsafe(size);
      room.copy(larger, 0, 0, length);
      room = larger;
    };
    // The listener for errors stays, because the sender may leave after the body was refused.
    const finish = (settle: () => void): void => {
      payload.off('data', take).off('end', end).off('close', cut);
      settle();
    };
    const take = (chunk: Buffer): void => {
      try {
        const bytes = length + chunk.length;
        if (bytes > bytesMax) throw tooLarge(bytesMax);
        if (bytes > room.length) make(bytes);
        chunk.copy(room, length);
        length = bytes;
      } catch (cause) {
        fail(cause as Error);
      }
    };
    const end = (): void => finish(() => resolve(room.subarray(0, length)));
    const fail = (cause: Error): void => finish(() => reject(cause));
    const cut = (): void => fail(new GatewayError('invalid_request', 'The body broke off.'));
    payload.on('data', take).on('end', end).on('error', cut).on('close', cut);
  });
}

const tooLarge = (bytesMax: number): GatewayError =>
  new GatewayError('body_too_large', `The body is larger than ${bytesMax} bytes (MAX_BODY_BYTES).`);
