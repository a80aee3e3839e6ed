import { StringDecoder } from 'node:string_decoder';

/**
 * The lines of a stream of UTF-8, each with its first `charsMax` characters. The rest is dropped as it arrives, so a
 * stream without line ends costs no more than one line.
 */
export class LineHeads {
  private readonly decoder = new StringDecoder('utf8');
  private head = '';

  constructor(
    private readonly charsMax: number,
    private readonly onLine: (head: string) => void,
  ) {}

  add(chunk: Buffer): void {
    const [rest = '', ...next] = this.decoder.write(chunk).split('\n');
    this.extend(rest);
    for (const line of next) {
      this.end();
      this.extend(line);
    }
  }

  /** Returns the incomplete last line, if there is one. */
  end(): void {
    if (this.head !== '') this.onLine(this.head.replace(/\r$/, ''));
    this.head = '';
  }

  private extend(text: string): void {
    this.head += text.slice(0, this.charsMax - this.head.length);
  }
}
