import { FETCH_LIMITS } from '#libs/guarded-fetch';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, constants } from 'node:zlib';
import type { Transform } from 'node:stream';

export interface UnpackedBody {
  readonly body: Uint8Array;
  /** The unpacked content was longer than FETCH_LIMITS.bodyBytesMax; `body` is its beginning. */
  readonly isCut: boolean;
}

/** An answer names one coding, seldom two. Each further one is another chance to make a small answer large. */
const CODINGS_MAX = 3;

/**
 * Removes the codings of a Content-Encoding header (RFC 9110 8.4): gzip, deflate and br. Some servers compress although
 * the request asks for `identity`. Each coding is unpacked up to FETCH_LIMITS.bodyBytesMax, and of a body that ends too
 * early the beginning is returned. Undefined for an unknown coding, or for bytes that are not in it.
 */
export async function unpackBody(packed: Uint8Array, contentEncoding: string): Promise<UnpackedBody | undefined> {
  const codings = contentEncoding.split(',').flatMap((name) => codingOf(name) ?? []);
  if (codings.length > CODINGS_MAX) return undefined;
  let unpacked: UnpackedBody = { body: packed, isCut: false };
  // The header lists codings in the order in which they were applied.
  for (const coding of codings.reverse()) {
    const next = await unpackOne(unpacked.body, coding);
    if (!next) return undefined;
    unpacked = { body: next.body, isCut: unpacked.isCut || next.isCut };
  }
  return unpacked;
}

function codingOf(name: string): string | undefined {
  const coding = name.trim().toLowerCase();
  return coding === '' || coding === 'identity' ? undefined : coding;
}

async function unpackOne(packed: Uint8Array, coding: string): Promise<UnpackedBody | undefined> {
  const stream = unpacker(packed, coding);
  if (!stream) return undefined;
  const chunks: Uint8Array[] = [];
  let room: number = FETCH_LIMITS.bodyBytesMax;
  stream.end(packed);
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      chunks.push(chunk.subarray(0, room));
      // Leaving the loop destroys the stream: the rest is never unpacked.
      if (chunk.length > room) return { body: Buffer.concat(chunks), isCut: true };
      room -= chunk.length;
    }
  } catch {
    return undefined;
  }
  return { body: Buffer.concat(chunks), isCut: false };
}

function unpacker(packed: Uint8Array, coding: string): Transform | undefined {
  // A body that was cut, by the server or by the limit, still has a beginning to show.
  const lenient = { finishFlush: constants.Z_SYNC_FLUSH };
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip(lenient);
    case 'deflate':
      return isZlib(packed) ? createInflate(lenient) : createInflateRaw(lenient);
    case 'br':
      return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
    default:
      return undefined;
  }
}

/** `deflate` means the zlib format, whose first byte ends in the half byte 8; some servers send the bare stream. */
function isZlib(packed: Uint8Array): boolean {
  return ((packed[0] ?? 0) & 0x0f) === 8;
}
