import { GatewayError } from '#libs/contract';

/** Digits of a number that JavaScript counts exactly. */
const SEQ = /^\d{1,15}$/;

/**
 * The number in a Last-Event-ID: `<run>:<seq>` or a bare seq. undefined for one that is malformed or of another run,
 * which means a full replay: a browser sends the header by itself and must not get stuck.
 */
export function parseEventCursor(text: string, runId: string): number | undefined {
  const seq = text.startsWith(`${runId}:`) ? text.slice(runId.length + 1) : text;
  return SEQ.test(seq) ? Number(seq) : undefined;
}

/** The query parameter `after_seq`. Somebody wrote it on purpose, so a malformed one throws `invalid_cursor`. */
export function parseAfterSeq(text: string): number {
  if (SEQ.test(text)) return Number(text);
  throw new GatewayError('invalid_cursor', "'after_seq' must be the seq of an event: 0, 1, 2 ...", {
    param: 'after_seq',
  });
}
