/** A task for the counting thread. */
export interface CountJob {
  readonly id: number;
  readonly model: string;
  readonly texts: readonly string[];
}

export type CountResult =
  { readonly id: number; readonly tokens: number } | { readonly id: number; readonly failure: string };

export type EncodingName = 'o200k_base' | 'cl100k_base';

/** The encoding of an OpenAI model. Other vendors do not publish theirs, so OpenAI's newest one gives the estimate. */
export function encodingOf(model: string): EncodingName {
  const name = model.slice(model.lastIndexOf('/') + 1);
  return /^(gpt-4(?!o|\.)|gpt-3\.5|text-embedding-)/.test(name) ? 'cl100k_base' : 'o200k_base';
}
