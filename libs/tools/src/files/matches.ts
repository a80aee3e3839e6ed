/** Lines that one search gives, and how much of each. */
export const LINES_MAX = 200;
export const LINE_CHARS_MAX = 300;

export interface Match {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** The first `max` lines of a text that `test` says yes to. */
export type Matcher = (text: string, max: number) => Promise<readonly Match[]>;

/** Lines in which a text stands as it is. */
export function plainMatcher(wanted: string, ignoreCase: boolean): Matcher {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const needle = fold(wanted);
  return async (text, max) => {
    const found: Match[] = [];
    for (const [index, line] of text.split('\n').entries()) {
      if (found.length >= max) break;
      if (fold(line).includes(needle)) found.push({ line: index + 1, text: line.slice(0, LINE_CHARS_MAX) });
    }
    return found;
  };
}
