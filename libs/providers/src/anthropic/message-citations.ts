import { isJsonObject, LIMITS, type Citation } from '#libs/contract';

/** Web pages that text blocks rest on (Messages API, `citations_delta`); a block is the place of all its citations. */
export class MessageCitations {
  private chars = 0;
  private start = 0;
  private count = 0;
  private open: Omit<Citation, 'start' | 'end'>[] = [];

  said(text: string): void {
    this.chars += text.length;
  }

  /** A citation of the open block; those of documents have no address and are passed over. */
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

  /** The block is over: gives its citations. */
  close(): readonly Citation[] {
    const { start, chars: end, open } = this;
    this.start = end;
    this.open = [];
    return open.map((citation) => ({ ...citation, start, end }));
  }
}
