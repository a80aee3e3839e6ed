import { LIMITS } from '#libs/contract';

type Expected = 'object' | 'firstKey' | 'key' | 'colon' | 'firstValue' | 'value' | 'commaOrEnd' | 'nothing';

/**
 * Decides, letter by letter, whether a text can still become one JSON object. It never refuses the beginning of a valid
 * object. The spelling of words, numbers and escapes is left to JSON.parse, which reads the whole text in the end.
 */
export class JsonPrefix {
  private readonly open: ('{' | '[')[] = [];
  private expected: Expected = 'object';
  private string: 'none' | 'text' | 'escape' = 'none';
  private inWord = false;

  /** The object is closed. Only white space may follow. */
  get isWhole(): boolean {
    return this.expected === 'nothing';
  }

  /** Takes one UTF-16 unit. False: the text is not a JSON object, and the scanner cannot be used any more. */
  push(char: string): boolean {
    if (this.string !== 'none') return this.pushInString(char);
    if (/[-+.\w]/.test(char)) return this.inWord || this.beginValue('word');
    this.inWord = false;
    return /[ \t\r\n]/.test(char) || this.pushMark(char);
  }

  private pushInString(char: string): boolean {
    if (char < ' ') return false;
    if (this.string === 'escape') this.string = 'text';
    else if (char === '\\') this.string = 'escape';
    else if (char === '"') this.string = 'none';
    return true;
  }

  private pushMark(char: string): boolean {
    switch (char) {
      case '"':
        return this.beginString();
      case '{':
      case '[':
        return this.beginNested(char);
      case '}':
        return this.end('{', 'firstKey');
      case ']':
        return this.end('[', 'firstValue');
      case ':':
        return this.expected === 'colon' && this.expect('value');
      case ',':
        return this.expected === 'commaOrEnd' && this.expect(this.open.at(-1) === '{' ? 'key' : 'value');
      default:
        return false;
    }
  }

  private beginString(): boolean {
    const isKey = this.expected === 'firstKey' || this.expected === 'key';
    if (!isKey && !this.beginValue('string')) return false;
    this.string = 'text';
    return isKey ? this.expect('colon') : true;
  }

  private beginValue(kind: 'word' | 'string' | 'nested'): boolean {
    if (this.expected !== 'value' && this.expected !== 'firstValue') return false;
    this.inWord = kind === 'word';
    return this.expect('commaOrEnd');
  }

  private beginNested(char: '{' | '['): boolean {
    const isRoot = this.expected === 'object' && char === '{';
    if ((!isRoot && !this.beginValue('nested')) || this.open.length >= LIMITS.jsonDepthMax) return false;
    this.open.push(char);
    return this.expect(char === '{' ? 'firstKey' : 'firstValue');
  }

  private end(opened: '{' | '[', whenEmpty: Expected): boolean {
    if (this.open.at(-1) !== opened || (this.expected !== 'commaOrEnd' && this.expected !== whenEmpty)) return false;
    this.open.pop();
    return this.expect(this.open.length > 0 ? 'commaOrEnd' : 'nothing');
  }

  private expect(next: Expected): true {
    this.expected = next;
    return true;
  }
}
