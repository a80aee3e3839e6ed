import type { Token } from 'marked';
import { lexBlocks, type Links } from './lexer.js';

/** A top-level block, and where it begins in the text: that is its name for React. */
export interface Block {
  readonly at: number;
  readonly token: Token;
}

/**
 * The blocks of a text that grows. A block that another one follows never changes again: it is kept as it is, and only
 * the text behind it is looked at when more comes. An answer of any length costs what its last block costs.
 */
export class BlockCache {
  private text = '';
  private frozenUpTo = 0;
  private frozen: readonly Block[] = [];
  private tail: readonly Block[] = [];
  private links: Links = {};

  /** @param text what was given before with more at its end, or another text. */
  blocksOf(text: string): readonly Block[] {
    if (text === this.text) return [...this.frozen, ...this.tail];
    if (!text.startsWith(this.text)) this.reset();
    this.text = text;
    this.lexTail();
    return [...this.frozen, ...this.tail];
  }

  private reset(): void {
    this.frozenUpTo = 0;
    this.frozen = [];
    this.links = {};
  }

  private lexTail(): void {
    let at = this.frozenUpTo;
    const blocks: Block[] = [];
    for (const token of lexBlocks(this.text.slice(at), this.links)) {
      blocks.push({ at, token });
      at += token.raw.length;
    }
    // The lexer normalizes line ends and tabs: where its pieces do not add up to the text, nothing can be cut off
    // safely.
    const isExact = at === this.text.length;
    const last = blocks.findLastIndex(({ token }) => token.type !== 'space');
    const done = isExact ? blocks.slice(0, Math.max(last, 0)) : [];
    this.frozen = [...this.frozen, ...done.filter(isShown)];
    this.tail = blocks.slice(done.length).filter(isShown);
    this.frozenUpTo = blocks[done.length]?.at ?? this.frozenUpTo;
  }
}

const isShown = ({ token }: Block): boolean => token.type !== 'space' && token.type !== 'def';
