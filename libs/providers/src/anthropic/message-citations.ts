import { isJsonObject, LIMITS, type Citation } from '#libs/contract';

/** Web pages cited by text blocks (Messages API, `citations_delta`). The position of a citation is its whole block. */
export class MessageCitations {
  private chars = 0;
  private start = 0;
  private count = 0;
  private open: Omit<Citation, 'start' | 'end'>[] = [];

  said(text: string): void {
    this.chars += text.length;
  }

  /** Adds a citation to the open block. Citations of documents have no address and are skipped. */
  add(citation: unknown): void {
    if (!isJsonObject(citation) || this.count >= LIMITS.citationsMax) return;
    const { url = citation['source'], title, cited_text: content } = citation;
    if (typeof url !== 'string' || !/^https?:/.test(url) || url.length > LIMITS.citationUrlCharsMax) return;
    this.count++;
    this.open.push({
      url,
      title: typeof title === 'string' ? title.slice(0, LIMITS.citationTextCharsMax) : '',
      ...(typeof content === 'string' && { content: content.slice(0, LIMITS.citationTextCharsMax) }),
    });
  }

  /** Closes the block and returns its citations. */
  close(): readonly Citation[] {
    const { start, chars: end, open } = this;
    this.start = end;
    this.open = [];
    return open.map((citation) => ({ ...citation, start, end }));
  }
}
