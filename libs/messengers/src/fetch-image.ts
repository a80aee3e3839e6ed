import { LIMITS } from '#libs/contract';
import type { Outcome } from './port.js';

const FETCH_MS_MAX = 20_000;

/** Fetches a picture as a data URL, LIMITS.chatPhotoBytesMax at most. `type`: what it is if the answer says nothing. */
export async function fetchImage(
  url: string,
  { headers = {}, type, signal }: { readonly headers?: Record<string, string>; type?: string; signal: AbortSignal },
): Promise<Outcome> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS_MAX)]);
  const answer = await fetch(url, { headers, signal: until });
  if (!answer.ok || !answer.body) return { kind: 'unsent', why: `the photo: ${answer.status}` };
  const told = (answer.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
  const mime = type ?? told;
  // Slack answers a token that may not read files with its page for signing in.
  if (!mime.startsWith('image/')) return { kind: 'refused', why: 'the photo is no picture' };
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > LIMITS.chatPhotoBytesMax) return { kind: 'refused', why: 'the photo is too large' };
    chunks.push(chunk);
  }
  return { kind: 'done', data: `data:${mime};base64,${Buffer.concat(chunks).toString('base64')}` };
}
