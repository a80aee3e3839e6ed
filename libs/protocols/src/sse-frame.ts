/** One message of a `text/event-stream`, or a comment, which clients ignore. Each frame is sent in one write. */
export type SseFrame =
  | { readonly event?: string; readonly id?: string; readonly data: string; readonly comment?: undefined }
  | { readonly comment: string };

/** One step of an encoder: old state and event in, new state and frames out. No clock, no ids, no I/O, no mutation. */
export type Encoded<S> = readonly [state: S, frames: readonly SseFrame[]];

/** For encoder steps that say nothing: one array for all of them. */
export const NO_FRAMES: readonly SseFrame[] = [];

/**
 * The frame as text, with `\n` line ends and a blank line at its end. Data with line breaks becomes several data lines,
 * so that no text of a model can end a frame or begin another. (U+2028 and U+2029 are not line ends in this format.)
 */
export function renderFrame(frame: SseFrame): string {
  if (frame.comment !== undefined) return `${prefixLines(': ', frame.comment)}\n`;
  const { event, id, data } = frame;
  // Nearly every frame is one line of JSON, which never has a raw line break: two searches and one string.
  const dataLines = hasLineBreak(data) ? prefixLines('data: ', data) : `data: ${data}\n`;
  if (event === undefined && id === undefined) return `${dataLines}\n`;
  const eventLine = event === undefined ? '' : `event: ${oneLine(event)}\n`;
  const idLine = id === undefined ? '' : `id: ${oneLine(id)}\n`;
  return `${eventLine}${idLine}${dataLines}\n`;
}

function hasLineBreak(text: string): boolean {
  return text.includes('\n') || text.includes('\r');
}

function prefixLines(prefix: string, text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => `${prefix}${line}\n`)
    .join('');
}

/** Fields other than data cannot hold a line break. Clients ignore an id with NUL. */
function oneLine(text: string): string {
  return hasLineBreak(text) || text.includes('\0') ? text.replaceAll(/[\r\n\0]+/g, ' ') : text;
}
