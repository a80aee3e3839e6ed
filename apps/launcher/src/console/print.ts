import { readableLine } from './readable-line.js';
import { shortLine } from './short-line.js';

/** Where lines go: process.stdout and process.stderr, or anything like them. */
export interface LineSink {
  readonly writableLength: number;
  write(text: string): unknown;
}

/**
 * How log lines of services are shown: `raw` as they are (JSON), `full` readable with all their facts, `short` for a
 * person in front of a terminal.
 */
export type LogStyle = 'raw' | 'full' | 'short';

const STYLES: Readonly<Record<LogStyle, (line: string) => string | undefined>> = {
  raw: (line) => line,
  full: readableLine,
  short: shortLine,
};

/** LOG_PRETTY=false asks for the lines as they are, LOG_LEVEL=debug (or trace) for all that they say. */
export function logStyle(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): LogStyle {
  if (env['LOG_PRETTY'] === 'false') return 'raw';
  return isTerminal && !/^(debug|trace)$/.test(env['LOG_LEVEL']?.trim() ?? '') ? 'short' : 'full';
}

/** The one way of the launcher to the terminal. */
export class Printer {
  private dropped = 0;

  constructor(
    private readonly out: LineSink,
    private readonly err: LineSink,
    private readonly style: LogStyle = 'full',
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
      const shown = STYLES[this.style](line);
      if (shown !== undefined) this.passOn(`[${name}] ${shown.replaceAll('\n', `\n[${name}] `)}\n`);
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
