/**
 * Finds out when a JSON object, array or string that arrives in pieces is closed. It reads each letter once, because
 * parsing the whole text at every piece would cost the square of its length. Only brackets and quotes are examined.
 */
export class ClosedJson {
  private depth = 0;
  private string: 'none' | 'text' | 'escape' = 'none';
  private state: 'empty' | 'open' | 'closed' | 'spoilt' = 'empty';

  /** The value is closed, and only white space followed. */
  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Within a string, where brackets do not count. */
  get isInString(): boolean {
    return this.string !== 'none';
  }

  add(piece: string): void {
    for (let i = 0; i < piece.length && this.state !== 'spoilt'; i++) this.take(piece.charAt(i));
  }

  private take(char: string): void {
    if (this.string !== 'none') return this.takeInString(char);
    if (char === ' ' || char === '\n' || char === '\r' || char === '\t') return;
    if (char === '{' || char === '[' || char === '"') return this.begin(char);
    if (this.state !== 'open') this.state = 'spoilt';
    else if ((char === '}' || char === ']') && --this.depth === 0) this.state = 'closed';
  }

  private begin(char: string): void {
    if (this.state === 'closed') {
      this.state = 'spoilt';
      return;
    }
    this.state = 'open';
    if (char === '"') this.string = 'text';
    else this.depth++;
  }

  private takeInString(char: string): void {
    if (this.string === 'escape') this.string = 'text';
    else if (char === '\\') this.string = 'escape';
    else if (char === '"') {
      this.string = 'none';
      if (this.depth === 0) this.state = 'closed';
    }
  }
}
