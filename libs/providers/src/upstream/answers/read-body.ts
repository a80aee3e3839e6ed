import { GatewayError, type JsonValue } from '#libs/contract';
import type { AnswerBody } from './answer-body.js';
import { upstreamError } from '../failures.js';
import { UPSTREAM_LIMITS } from '../limits.js';

const ENOUGH = new Error('enough was read');

/** Reads a body to its end, to where it broke off, or to `bytesMax` plus one network read. Never rejects. */
export function readBytes(body: AnswerBody, bytesMax: number): Promise<Buffer> {
  return gather(body, bytesMax).then(({ bytes }) => bytes);
}

/**
 * A whole JSON body of at most answerBytesMax bytes. Throws `upstream_invalid` when the body is not JSON or is larger,
 * and the error of `brokenOff` when the connection breaks.
 */
export async function readJson(body: AnswerBody, upstream: string): Promise<JsonValue> {
  const { bytes, cause } = await gather(body, UPSTREAM_LIMITS.answerBytesMax);
  if (bytes.length > UPSTREAM_LIMITS.answerBytesMax) throw tooLarge(upstream, UPSTREAM_LIMITS.answerBytesMax);
  if (cause) throw brokenOff(cause, upstream);
  return parseUpstreamJson(bytes.toString(), upstream);
}

/** Parses a document. Throws `upstream_invalid` when it is not JSON. */
export function parseUpstreamJson(text: string, upstream: string): JsonValue {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw upstreamError(upstream, 'upstream_invalid', 'answered with something that is not JSON', { cause });
  }
}

export const tooLarge = (upstream: string, bytesMax: number): GatewayError =>
  upstreamError(upstream, 'upstream_invalid', `sent more than ${bytesMax} bytes`);

/** `upstream_timeout` after the idle timeout, `upstream_cut` when the connection broke. */
export function brokenOff(cause: Error, upstream: string): GatewayError {
  return 'code' in cause && cause.code === 'UND_ERR_BODY_TIMEOUT'
    ? upstreamError(upstream, 'upstream_timeout', 'stopped in the middle of its answer', { cause })
    : upstreamError(upstream, 'upstream_cut', 'broke off its answer', { cause });
}

interface Gathered {
  readonly bytes: Buffer;
  readonly cause?: Error;
}

function gather(body: AnswerBody, bytesMax: number): Promise<Gathered> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    body.read({
      data(chunk) {
        chunks.push(chunk);
        length += chunk.length;
        if (length > bytesMax) body.close(ENOUGH);
      },
      end: (cause) => resolve({ bytes: Buffer.concat(chunks), ...(cause && { cause }) }),
    });
  });
}
