/** Lines that one search gives, and how much of each. */
export const LINES_MAX = 200;
export const LINE_CHARS_MAX = 300;

export interface Match {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** The first `max` lines of a text that fit a query. */
export type Matcher = (text: string, max: number) => Promise<readonly Match[]>;
