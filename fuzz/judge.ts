import type { Crafted } from './craft.js';
import type { Answer, Sent } from './send.js';

/** Server errors that are documented: not now, or not in time. */
const ALLOWED_5XX = new Set([503, 504]);

/** The fault of an answer; undefined when it has none. */
export function judge(request: Crafted, sent: Sent): string | undefined {
  if (sent.kind === 'answer') return judgeAnswer(sent.answer, request.isHead);
  if (request.isBroken) return undefined;
  return sent.kind === 'silent' ? 'no answer in time' : 'closed without an answer';
}

function judgeAnswer({ status, headers, body }: Answer, isHead: boolean): string | undefined {
  const said = `status ${status}: ${body.slice(0, 200)}`;
  if (!(status >= 200 && status < 600)) return said;
  if (status >= 500 && !ALLOWED_5XX.has(status)) return said;
  if (headers.has('x-injected')) return 'a header was injected';
  if (status < 400 || isHead) return undefined;
  if (/\bnode_modules\b|\n {4}at /.test(body)) return `a stack in the answer: ${said}`;
  const isRetryable = status === 503 || status === 429;
  if (isRetryable && !/^[1-9]\d*$/.test(headers.get('retry-after') ?? '')) return `${status} without Retry-After`;
  return isEnvelope(body) ? undefined : `no error envelope: ${said}`;
}

function isEnvelope(body: string): boolean {
  try {
    const { error, status } = JSON.parse(body) as { error?: { message?: unknown; type?: unknown }; status?: unknown };
    // The readiness report is the one answer of its own shape.
    if (status === 'error') return true;
    return typeof error?.message === 'string' && error.message !== '' && typeof error.type === 'string';
  } catch {
    return false;
  }
}
