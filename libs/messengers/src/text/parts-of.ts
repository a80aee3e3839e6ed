import { LIMITS } from '#libs/contract';
import type { Content } from '../port.js';
import { splitMarkdown } from './split-markdown.js';

const LEFT_OUT = '\n\n[The answer is longer; the rest is left out here.]';
const IN_FILE = 'The whole answer is in this file.';

export interface PartsTerms {
  /** Of a part, in UTF-16 units. */
  readonly textMax: number;
  /** Say that the text is Markdown. */
  readonly entities: NonNullable<Content['entities']>;
  /** An answer that has too many parts comes as a file as well; else its rest is left out. */
  readonly hasFiles: boolean;
}

/** An answer as messages of Markdown, LIMITS.chatPartsMax at most. */
export function partsOf(markdown: string, { textMax, entities, hasFiles }: PartsTerms): readonly Content[] {
  const parts = splitMarkdown(markdown, textMax);
  const isLong = parts.length > LIMITS.chatPartsMax;
  const shown = parts.slice(0, isLong && hasFiles ? LIMITS.chatPartsMax - 1 : LIMITS.chatPartsMax);
  const contents = shown.map((text): Content => ({ text, entities }));
  if (!isLong) return contents;
  if (hasFiles) return [...contents, { text: IN_FILE, file: { name: 'answer.md', text: markdown } }];
  // Cut as the others are: with its blocks of code whole.
  const [last = ''] = splitMarkdown(contents.pop()?.text ?? '', textMax - LEFT_OUT.length);
  return [...contents, { text: last + LEFT_OUT, entities }];
}
