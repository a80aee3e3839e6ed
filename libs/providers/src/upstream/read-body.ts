import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { GatewayError, type JsonValue } from '#libs/contract';
import { upstreamError } from './failures.js';
import { UPSTREAM_LIMITS } from './limits.js';

/**
 * The text of an answer, read by read; characters that are split between reads come out whole. Throws `upstream_timeout`
 * after the idle timeout, `upstream_cut` when the connection breaks, `upstream_invalid` beyond `bytesMax`.
 */
export async function* textOf(body: Readable, upstream: string, bytesMax: number): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw upstreamError(upstream, 'upstream_invalid', `sent more than ${bytesMax} bytes`);
      const text = decoder.write(chunk);
      if (text !== '') yield text;
    }
  } catch (error) {
    throw error instanceof GatewayError ? error : brokenOff(error, upstream);
  }
  const rest = decoder.end();
  if (rest !== '') yield rest;
}

/** A whole JSON body of at most answerBytesMax bytes. Throws `upstream_invalid` when it is not JSON, else as `textOf`. */
export async function readJson(body: Readable, upstream: string): Promise<JsonValue> {
  let text = '';
  for await (const part of textOf(body, upstream, UPSTREAM_LIMITS.answerBytesMax)) text += part;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw upstreamError(upstream, 'upstream_invalid', 'answered with something that is not JSON', { cause });
  }
}

function brokenOff(cause: unknown, upstream: string): GatewayError {
  return codeOf(cause) === 'UND_ERR_BODY_TIMEOUT'
    ? upstreamError(upstream, 'upstream_timeout', 'stopped in the middle of its answer', { cause })
    : upstreamError(upstream, 'upstream_cut', 'broke off its answer', { cause });
}

/** Not `instanceof`: an error of another realm is none here. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
}
