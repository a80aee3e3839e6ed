/** A place of the answer that rests on a page of the web (OpenAI API reference: `url_citation`). */
export interface Citation {
  readonly url: string;
  readonly title: string;
  /** The characters of the run's visible text (`outputText`) that rest on it: from `start` to before `end`. */
  readonly start: number;
  readonly end: number;
  /** What the page says, as far as the upstream quotes it. */
  readonly content?: string;
}
