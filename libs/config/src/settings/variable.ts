import type { Parser } from '../values/parsers.js';

/** One setting: its name in the environment, its place in the file, what it means and how it is read. */
export interface Variable {
  readonly name: string;
  /** Where the file may give it; absent: only the environment can. */
  readonly path?: string;
  /** In the words of the environment; absent: not set. */
  readonly default?: string;
  readonly meaning: string;
  /** Never shown, and may be read from a file that `<NAME>_FILE` names. */
  readonly secret?: true;
  /** An empty text says "none"; everywhere else it says "not set". */
  readonly emptyIsNone?: true;
  readonly parser: Parser<unknown>;
}
