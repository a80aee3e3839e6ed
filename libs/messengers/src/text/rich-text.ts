/** A mark on a text: `offset` and `length` in UTF-16 units. */
export interface Mark {
  readonly type: MarkType;
  readonly offset: number;
  readonly length: number;
  /** Of a link. */
  readonly url?: string;
  /** Of a block of code. */
  readonly language?: string;
}

export type MarkType = 'bold' | 'italic' | 'strikethrough' | 'code' | 'pre' | 'text_link' | 'blockquote';

/** A text without markup, and the marks on it. */
export interface RichText {
  readonly text: string;
  readonly marks: readonly Mark[];
}

/** Writes a text from its beginning to its end. */
export class RichWriter {
  private written = '';
  private readonly marks: Mark[] = [];

  get length(): number {
    return this.written.length;
  }

  push(text: string): void {
    this.written += text;
  }

  /** Marks everything from `offset` to here. Nothing to mark is no mark. */
  mark(type: MarkType, offset: number, more: Pick<Mark, 'url' | 'language'> = {}): void {
    const length = this.written.length - offset;
    if (length > 0) this.marks.push({ type, offset, length, ...more });
  }

  done(): RichText {
    return { text: this.written, marks: this.marks.sort((a, b) => a.offset - b.offset || b.length - a.length) };
  }
}

/** The part of a text from `start` to `end`, with the marks that reach into it. */
export function slice({ text, marks }: RichText, start: number, end: number): RichText {
  const cut = marks.flatMap((mark) => {
    const from = Math.max(mark.offset, start);
    const to = Math.min(mark.offset + mark.length, end);
    return to > from ? [{ ...mark, offset: from - start, length: to - from }] : [];
  });
  return { text: text.slice(start, end), marks: cut };
}
