const RUN_CHARS_MAX = 256;
const LONG_RUN = new RegExp(`(\\S{${RUN_CHARS_MAX + 1},}|\\s{${RUN_CHARS_MAX + 1},})`);

/**
 * Cuts text that has no boundary for longer than any word. Merging pairs takes time that grows with the square of such
 * a text: 17 s for 100,000 letters. A cut costs a token at most.
 */
export function splitLongRuns(text: string): string[] {
  return text
    .split(LONG_RUN)
    .flatMap((part) => (part.length > RUN_CHARS_MAX && LONG_RUN.test(part) ? cut(part) : part));
}

function cut(run: string): string[] {
  const pieces: string[] = [];
  for (let i = 0; i < run.length; i += RUN_CHARS_MAX) pieces.push(run.slice(i, i + RUN_CHARS_MAX));
  return pieces;
}
