import { checkArguments } from '#libs/contract';
import { ClosedJson } from '../upstream/answers/closed-json.js';

/**
 * Joins the fragments of one call's arguments. By the specification each fragment is the next piece. Servers also send:
 * - all arguments once more in the last fragment (vLLM), or an empty object before the real one
 * - all arguments so far in each fragment (llama.cpp), as growing text or as an object that is closed each time
 *
 * A piece that was passed on cannot be taken back. So the piece that closes the object is kept until the call is over.
 * Another object at the same position replaces the first one, as long as nothing of the first was passed on.
 */
export class CallArguments {
  private text = '';
  private givenChars = 0;
  private json = new ClosedJson();
  /** Another object, which begins where the first one is closed. */
  private second: { text: string; readonly json: ClosedJson } | undefined;
  /**
   * The newest fragment, when it repeats everything before it. It may still be a nested object with the same beginning.
   */
  private grown: string | undefined;
  private isGrowing = false;

  get isEmpty(): boolean {
    return this.text === '';
  }

  /** The value is closed, and only white space followed. */
  get isClosed(): boolean {
    return this.json.isClosed;
  }

  /**
   * Takes a fragment; returns the text that can be passed on by now. Throws GatewayError when the arguments are too
   * long.
   */
  add(piece: string): string {
    checkArguments(this.text.length + piece.length + (this.second?.text.length ?? 0));
    const isGiven = this.givenChars === this.text.length;
    const before = this.text.length;
    if (this.second || (this.isClosed && piece.trimStart().startsWith('{'))) this.addSecond(piece);
    else this.addNext(piece);
    if (this.isClosed || this.second || this.grown !== undefined) return '';
    if (!isGiven || this.text.length !== before + piece.length) return this.give();
    // The usual case. Slicing the text here would cost its whole length for every fragment.
    this.givenChars = this.text.length;
    return piece;
  }

  /** Ends the call; returns the rest of its arguments. */
  flush(): string {
    this.chooseGrown();
    if (this.second && (this.text === '{}' || !this.isClosed)) this.replaceBy(this.second.text);
    this.second = undefined;
    return this.give();
  }

  private give(): string {
    const rest = this.text.slice(this.givenChars);
    this.givenChars = this.text.length;
    return rest;
  }

  private addNext(piece: string): void {
    const before = this.grown ?? this.text;
    const repeats = before !== '' && piece.length > before.length && piece.startsWith(before);
    // No object can begin here, so a fragment with the beginning of the arguments repeats all of them.
    this.isGrowing ||= repeats && (this.grown !== undefined || this.json.isInString || this.text.trim() === '{');
    if (repeats && this.isGrowing) {
      this.grown = undefined;
      return this.replaceBy(piece);
    }
    if (repeats) this.grown = piece;
    this.text += piece;
    this.json.add(piece);
  }

  /**
   * Nested objects with the same beginning are rare, and so are servers that repeat: the reading that is valid JSON
   * wins.
   */
  private chooseGrown(): void {
    const { grown } = this;
    this.grown = undefined;
    if (grown !== undefined && !isJson(this.text) && isJson(grown)) this.replaceBy(grown);
  }

  private addSecond(piece: string): void {
    this.second ??= { text: '', json: new ClosedJson() };
    this.second.text += piece;
    this.second.json.add(piece);
    if (!this.second.json.isClosed) return;
    const { text } = this.second;
    this.second = undefined;
    this.replaceBy(text);
  }

  /** Does nothing when both texts mean the same, or when more was passed on than the new text begins with. */
  private replaceBy(text: string): void {
    if (!text.startsWith(this.text.slice(0, this.givenChars))) return;
    this.text = text;
    this.json = new ClosedJson();
    this.json.add(text);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
