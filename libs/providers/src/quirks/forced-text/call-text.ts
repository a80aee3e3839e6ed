import { LIMITS } from '#libs/contract';
import { JsonPrefix } from './json-prefix.js';

const FENCE = '```';
const HEADERS = ['json', 'tool_code'];
const isSpace = (char: string): boolean => /\s/.test(char);

type Phase = 'lead' | 'header' | 'json' | 'code' | 'tail';

/**
 * Decides, letter by letter, whether a text can still be a call that a model wrote as text instead of making it: one
 * JSON object, bare or in a ```json or ```tool_code block, or any text in a ```tool_code block, with white space around
 * it.
 */
export class CallText {
  private phase: Phase = 'lead';
  private readonly json = new JsonPrefix();
  /** The part of the opening or closing fence seen so far. */
  private fence = '';
  private isFenced = false;
  private length = 0;

  /** False: the text is not a call, and the scanner cannot be used any more. */
  push(text: string): boolean {
    this.length += text.length;
    if (this.length > LIMITS.toolArgumentsCharsMax) return false;
    for (let i = 0; i < text.length; i += 1) if (!this.pushChar(text.charAt(i))) return false;
    return true;
  }

  private pushChar(char: string): boolean {
    switch (this.phase) {
      case 'lead':
        return isSpace(char) || this.begin(char);
      case 'header':
        return this.pushHeader(char);
      case 'json':
        return this.pushJson(char);
      case 'code':
        return this.pushCode(char);
      case 'tail':
        return isSpace(char);
    }
  }

  private begin(char: string): boolean {
    if (this.isFenced && this.fence.includes('tool_code') && char !== '{') {
      this.phase = 'code';
      this.fence = '';
      return this.pushCode(char);
    }
    this.phase = char === '`' && !this.isFenced ? 'header' : 'json';
    return this.phase === 'header' ? this.pushHeader(char) : this.pushJson(char);
  }

  private pushHeader(char: string): boolean {
    if (char === '\n') {
      this.isFenced = HEADERS.some((header) => FENCE + header === this.fence.trimEnd());
      this.phase = 'lead';
      return this.isFenced;
    }
    this.fence += char;
    const seen = this.fence.trimEnd();
    return HEADERS.some((header) => (FENCE + header).startsWith(seen)) && /^\S*[ \t\r]*$/.test(this.fence);
  }

  private pushJson(char: string): boolean {
    if (!this.json.isWhole) {
      this.fence = '';
      return this.json.push(char);
    }
    if (isSpace(char)) return this.fence === '';
    if (!this.isFenced || char !== '`') return false;
    return this.pushFence(char);
  }

  private pushCode(char: string): boolean {
    if (char === '`') return this.pushFence(char);
    this.fence = '';
    return true;
  }

  private pushFence(char: string): boolean {
    this.fence += char;
    if (this.fence === FENCE) this.phase = 'tail';
    return true;
  }
}
