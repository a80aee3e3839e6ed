import { Marked, type Token, type TokenizerAndRendererExtension } from 'marked';

/** Formulas stay as they were written: without this, `$a_1 + a_2$` would become italics. */
const inlineMath: TokenizerAndRendererExtension = {
  name: 'inlineMath',
  level: 'inline',
  start: (source) => source.search(/\$|\\[([]/),
  tokenizer(source) {
    const match = /^(?:\$\$[^$]+\$\$|\$(?![\s\d])[^$\n]*[^\s$\\]\$(?!\d)|\\\([^\n]+?\\\)|\\\[[^]+?\\\])/.exec(source);
    return match ? { type: 'inlineMath', raw: match[0], text: match[0] } : undefined;
  },
};

const blockMath: TokenizerAndRendererExtension = {
  name: 'blockMath',
  level: 'block',
  start: (source) => source.search(/^(?:\$\$|\\\[)/m),
  tokenizer(source) {
    const match = /^ {0,3}(?:\$\$[^]+?\$\$|\\\[[^]+?\\\]) *(?:\n|$)/.exec(source);
    return match ? { type: 'blockMath', raw: match[0], text: match[0].trim() } : undefined;
  },
};

const marked = new Marked({ gfm: true, extensions: [inlineMath, blockMath] });

/** Definitions of link targets, which hold for the whole text. */
export type Links = Record<string, { readonly href: string | null; readonly title: string | null }>;

/** The top-level blocks of a text. @param links definitions that stood before it; new ones are added. */
export function lexBlocks(text: string, links: Links): readonly Token[] {
  const lexer = new marked.Lexer(marked.defaults);
  Object.assign(lexer.tokens.links, links);
  const tokens = lexer.lex(text);
  Object.assign(links, tokens.links);
  return tokens;
}
