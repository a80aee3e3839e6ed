/** What the reading process gets when it starts: one file. */
export interface FileJob {
  readonly bytes: Uint8Array;
  readonly pagesMax: number;
  readonly charsMax: number;
}

/** What it answers, once. Words of the parser are never among it, because they may quote the file. */
export type FileResult =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'no_pdf' | 'encrypted' }
  | { readonly kind: 'too_many_pages'; readonly pages: number }
  | { readonly kind: 'too_long' };
