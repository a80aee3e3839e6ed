import { checkArguments } from '#libs/contract';
import { ClosedJson } from '../upstream/answers/closed-json.js';

/**
 * The arguments of one call, put together from its fragments. By the book each fragment is the next piece. What servers
 * send besides:
 *   the whole arguments once more in the last fragment (vLLM), or an empty object before the real ones
 *   in each fragment all arguments so far (llama.cpp), as text that grows or as objects that are closed each time
 *
 * A piece that was given out cannot be taken back. So the piece that closes the object is kept until the call is over,
 * and another object at the same place takes its place as far as nothing of the first was given out.
 */
export class CallArguments {
  private text = '';
  private givenChars = 0;
  private json = new ClosedJson();
  /** Another object that begins where the first one is closed. */
  private second: { text: string; readonly json: ClosedJson } | undefined;
  /**
   * The newest fragment, when it repeats all before it and may still be a nested object that begins in the same way.
   */
  private grown: string | undefined;
  private isGrowing = false;

  get isEmpty(): boolean {
    return this.text === '';
  }

  /** The value is closed, and nothing but white space followed. */
  get isClosed(): boolean {
    return this.json.isClosed;
  }

  /** Takes a fragment; gives what may be told of the arguments by now. Throws GatewayError for too long ones. */
  add(piece: string): string {
    checkArguments(this.text.length + piece.length + (this.second?.text.length ?? 0));
    const isGiven = this.givenChars === this.text.length;
    const before = this.text.length;
    if (this.second || (this.isClosed && piece.trimStart().startsWith('{'))) this.addSecond(piece);
    else this.addNext(piece);
    if (this.isClosed || this.second || this.grown !== undefined) return '';
    if (!isGiven || this.text.length !== before + piece.length) return this.give();
    // Nearly always. To cut the piece out of the text would cost the text's length each time.
    this.givenChars = this.text.length;
    return piece;
  }

  /** The call is over, or another one begins: gives what is left to tell. */
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
    // Where no object can begin, a fragment that begins as the arguments do holds them all.
    this.isGrowing ||= repeats && (this.grown !== undefined || this.json.isInString || this.text.trim() === '{');
    if (repeats && this.isGrowing) {
      this.grown = undefined;
      return this.replaceBy(piece);
    }
    if (repeats) this.grown = piece;
    this.text += piece;
    this.json.add(piece);
  }

  /** Nested objects that begin alike are rare, and so are servers that repeat: what can be read is right. */
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

  /** Unless it says the same, or something of the old text was told that the new one does not begin with. */
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
