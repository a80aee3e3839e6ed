import type { Parser } from '../values/parsers.js';

/** One setting: its name in the environment, its path in the file, its meaning and its parser. */
export interface Variable {
  readonly name: string;
  /** Path in the file. Absent: the setting exists in the environment only. */
  readonly path?: string;
  /** The default, as text. Absent: not set. */
  readonly default?: string;
  readonly meaning: string;
  /** Never shown. May be read from a file that `<NAME>_FILE` names. */
  readonly secret?: true;
  /** An empty text means "none". For all other settings it means "not set". */
  readonly emptyIsNone?: true;
  readonly parser: Parser<unknown>;
}
