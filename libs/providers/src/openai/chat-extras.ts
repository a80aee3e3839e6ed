import { isJsonObject, LIMITS, type Citation, type JsonObject, type ModelEvent } from '#libs/contract';

/**
 * Citations of web pages, and images, in an answer. Some servers send all of them again in each chunk, so each one is
 * reported once.
 */
export class ChatExtras {
  private readonly told = new Set<string>();
  private citations = 0;
  /** Perplexity: the pages of the answer, without positions. The last list counts. */
  private pages: readonly unknown[] = [];

  /** Reads one delta, or a whole message. */
  read(message: JsonObject): ModelEvent[] {
    const citations = listOf(message['annotations']).flatMap((annotation) => this.citation(annotation));
    const images = listOf(message['images']).flatMap((image) => this.image(image));
    return [...(citations.length > 0 ? [{ type: 'citations', citations } as const] : []), ...images];
  }

  /** Reads one chunk, or a whole completion. */
  readPages({ search_results: results, citations }: JsonObject): void {
    const pages = listOf(results).length > 0 ? listOf(results) : listOf(citations);
    if (pages.length > 0) this.pages = pages;
  }

  /** Called at the end of the answer. */
  takePages(): ModelEvent[] {
    const citations = this.pages.flatMap((page) => {
      if (typeof page === 'string') return this.tell({ url: page, title: page });
      return isJsonObject(page) ? this.tell(page) : [];
    });
    this.pages = [];
    return citations.length > 0 ? [{ type: 'citations', citations }] : [];
  }

  private citation(annotation: unknown): Citation[] {
    if (!isJsonObject(annotation) || annotation['type'] !== 'url_citation') return [];
    const nested = annotation['url_citation'];
    return this.tell(isJsonObject(nested) ? nested : annotation);
  }

  private tell({ url, title, content, start_index: start, end_index: end }: JsonObject): Citation[] {
    if (typeof url !== 'string' || url === '' || url.length > LIMITS.citationUrlCharsMax) return [];
    const citation: Citation = {
      url,
      title: typeof title === 'string' ? title.slice(0, LIMITS.citationTextCharsMax) : '',
      start: place(start),
      end: place(end),
      ...(typeof content === 'string' && { content: content.slice(0, LIMITS.citationTextCharsMax) }),
    };
    const isNew = this.citations < LIMITS.citationsMax && this.isNew(JSON.stringify(citation));
    if (isNew) this.citations++;
    return isNew ? [citation] : [];
  }

  /** An image at a web address is passed on as text, because it may be gone when somebody opens it. */
  private image(image: unknown): ModelEvent[] {
    const source = isJsonObject(image) ? image['image_url'] : undefined;
    const url = isJsonObject(source) ? source['url'] : source;
    if (typeof url !== 'string' || !this.isNew(url)) return [];
    if (/^data:image\/[\w.+-]+;base64,/.test(url)) return [{ type: 'image', url }];
    return URL.canParse(url) && /^https?:/.test(url) ? [{ type: 'text', text: `![image](${url})` }] : [];
  }

  private isNew(what: string): boolean {
    if (this.told.has(what)) return false;
    this.told.add(what);
    return true;
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const place = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
