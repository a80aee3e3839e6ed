import { readableLine } from './readable-line.js';

/** Where lines go: process.stdout and process.stderr, or anything like them. */
export interface LineSink {
  readonly writableLength: number;
  write(text: string): unknown;
}

/** The one way of the launcher to the terminal. */
export class Printer {
  private dropped = 0;

  constructor(
    private readonly out: LineSink,
    private readonly err: LineSink,
    /** Pass JSON log lines on as they are. */
    private readonly rawLogs = false,
  ) {}

  line(text: string): void {
    this.out.write(`${text}\n`);
  }

  warn(text: string): void {
    this.err.write(`WARNING: ${text}\n`);
  }

  error(text: string): void {
    this.err.write(`${text}\n`);
  }

  /** Passes a child's output on, whole line by whole line, each with `[name] ` before it. */
  prefixed(name: string): LineCutter {
    return new LineCutter((line) => {
      const shown = this.rawLogs ? line : readableLine(line);
      this.passOn(`[${name}] ${shown.replaceAll('\n', `\n[${name}] `)}\n`);
    });
  }

  /** A reader that stands still must not fill our memory: beyond the limit lines are dropped, and counted. */
  private passOn(line: string): void {
    if (this.out.writableLength > PENDING_BYTES_MAX) {
      this.dropped += 1;
      return;
    }
    if (this.dropped > 0) this.out.write(`[launcher] ${this.dropped} lines were dropped: nobody read them\n`);
    this.dropped = 0;
    this.out.write(line);
  }
}

const PENDING_BYTES_MAX = 4_194_304;
const LINE_CHARS_MAX = 65_536;

/** Cuts a byte stream into lines. A line over the limit is passed on in pieces. */
export class LineCutter {
  private readonly decoder = new TextDecoder();
  private rest = '';

  constructor(private readonly emit: (line: string) => void) {}

  write(chunk: Uint8Array): void {
    const lines = (this.rest + this.decoder.decode(chunk, { stream: true })).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.emit(line.replace(/\r$/, ''));
    if (this.rest.length > LINE_CHARS_MAX) this.end();
  }

  /** Passes on what is left without a line end. */
  end(): void {
    if (this.rest !== '') this.emit(this.rest);
    this.rest = '';
  }
}
