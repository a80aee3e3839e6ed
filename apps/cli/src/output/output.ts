import { table, type Cell } from './table.js';

/** Where text goes: process.stdout and process.stderr, or anything like them. */
export interface TextSink {
  write(text: string): unknown;
}

/** What a command says, for eyes or as JSON. */
export class Output {
  constructor(
    private readonly out: TextSink,
    private readonly err: TextSink,
    /** One JSON value for each answer, as the API gave it, and nothing else. */
    readonly isJson: boolean,
  ) {}

  /** Shows an answer: the value itself as JSON, else what `show` makes of it. */
  answer<T>(value: T, show: (value: T) => string): void {
    this.out.write(`${this.isJson ? JSON.stringify(value) : printable(show(value))}\n`);
  }

  /** A piece of a text that grows. */
  piece(text: string): void {
    this.out.write(printable(text));
  }

  /** Rows under their titles, or `empty` when there are none. */
  static rows(titles: readonly string[], rows: readonly (readonly Cell[])[], empty: string): string {
    return rows.length === 0 ? empty : table(titles, rows);
  }

  /** Beside the answer: it must not get into what a program reads. */
  note(text: string): void {
    this.err.write(`${printable(text)}\n`);
  }
}

/** A terminal obeys control characters; of what models and tools wrote only line ends and tabs get through. */
export const printable = (text: string): string => text.replace(/(?![\n\t])[\p{Cc}\u2028\u2029]/gu, '');
