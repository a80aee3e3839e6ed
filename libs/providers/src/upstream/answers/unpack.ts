import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  type BrotliDecompress,
  type Gunzip,
} from 'node:zlib';

/** Takes the bytes of a body as the socket delivers them, in the same turn of the event loop. */
export interface BodyReader {
  data(chunk: Buffer): void;
  /** Called once when the body is over. With a cause, the body was broken off. */
  end(cause?: Error): void;
}

/** The socket behind a packed body. It pauses while there is much to unpack. */
interface Source {
  pause(): void;
  resume(): void;
}

/** The first bytes of a gzip file (RFC 1952, 2.3.1). */
const isGzip = (chunk: Buffer): boolean => chunk[0] === 0x1f && chunk[1] === 0x8b;
/** JSON, events and web pages begin with one of these. */
const isText = (chunk: Buffer): boolean =>
  /^[\s\uFEFF]*([{[<:]|data|event|id|retry)/.test(chunk.subarray(0, 16).toString());

/** Outputs everything received so far, even when the end of the packed stream never arrives. */
const LENIENT = { finishFlush: constants.Z_SYNC_FLUSH };

/**
 * Chooses the reader for a body by its first bytes: the given one, or one that unpacks for it. Some proxies compress
 * although `identity` was requested, and others decompress and leave the header unchanged. So the bytes count more than
 * the header.
 * @param encoding the answer's `content-encoding`, in lower case; empty for none.
 */
export function unpacking(first: Buffer, encoding: string, reader: BodyReader, source: Source): BodyReader {
  if (isGzip(first)) return unpacker(createGunzip(LENIENT), reader, source);
  if (encoding === '' || encoding === 'identity' || isText(first)) return reader;
  if (encoding === 'br') return unpacker(createBrotliDecompress(), reader, source);
  if (encoding === 'deflate') return unpacker(createInflate(LENIENT), reader, source);
  return reader;
}

function unpacker(stream: Gunzip | BrotliDecompress, reader: BodyReader, source: Source): BodyReader {
  let broken: Error | undefined;
  let isOver = false;
  const over = (cause?: Error): void => {
    if (isOver) return;
    isOver = true;
    reader.end(broken ?? cause);
  };
  stream.on('data', (chunk: Buffer) => {
    if (!isOver) reader.data(chunk);
  });
  stream.once('end', () => over());
  stream.once('error', over);
  return {
    data(chunk) {
      if (isOver || stream.write(chunk)) return;
      source.pause();
      stream.once('drain', () => source.resume());
    },
    end(cause) {
      broken = cause;
      stream.end();
    },
  };
}
