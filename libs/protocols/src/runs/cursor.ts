/** Digits of a number that JavaScript counts exactly. */
const SEQ = /^\d{1,15}$/;

/**
 * The number in a Last-Event-ID: `<run>:<seq>` or a bare seq. undefined when it is malformed or belongs to another run,
 * which means a full replay: a browser sends the header by itself and must not get stuck.
 */
export function parseEventCursor(text: string, runId: string): number | undefined {
  const seq = text.startsWith(`${runId}:`) ? text.slice(runId.length + 1) : text;
  return SEQ.test(seq) ? Number(seq) : undefined;
}
