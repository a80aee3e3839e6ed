/** A passage of the answer that is based on a web page (OpenAI API reference: `url_citation`). */
export interface Citation {
  readonly url: string;
  readonly title: string;
  /** Range of the run's visible text (`outputText`) that is based on the page: from `start` to before `end`. */
  readonly start: number;
  readonly end: number;
  /** Words of the page, as far as the upstream quotes them. */
  readonly content?: string;
}
