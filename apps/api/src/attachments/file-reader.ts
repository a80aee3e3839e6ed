import { GatewayError, LIMITS, type RefusalReason } from '#libs/contract';
import { Worker } from 'node:worker_threads';
import { API_LIMITS } from '../words/api-limits.js';
import type { FileJob, FileResult } from './file-job.js';

/** The part of a reading thread that is used here. */
export type FileThread = Pick<Worker, 'on' | 'terminate'>;

export interface ReaderParts {
  start(job: FileJob): FileThread;
  /** Longest time of one file, from its own start. */
  readonly readMsMax: number;
}

const PARTS: ReaderParts = {
  start: (job) =>
    new Worker(new URL('./file-thread.js', import.meta.url), {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: API_LIMITS.fileMemoryMbMax },
      // What the parser prints may quote the file. Nobody reads these streams.
      stdout: true,
      stderr: true,
      env: {},
    }),
  readMsMax: API_LIMITS.fileReadMsMax,
};

interface Reading {
  readonly owner: string;
  start(): void;
  fail(cause: Error): void;
}

/**
 * Reads the text of PDFs, each in a thread of its own that ends with it: a file that takes too long, or too much
 * memory, ends its own thread and nothing else. Files wait for one of a few threads; keys take turns.
 */
export class FileReader {
  /** The waiting files of each key, in order. The key whose turn is next comes first. */
  private readonly waiting = new Map<string, Reading[]>();
  /** Waiting and running. */
  private readonly open = new Set<Reading>();
  private running = 0;

  constructor(private readonly parts: ReaderParts = PARTS) {}

  /**
   * The text of a PDF; empty when it has none. Throws GatewayError of status 400 without `param` for a file that is no
   * PDF, is encrypted or exceeds a limit, `rate_limit_exceeded` when too many files wait, and `unavailable` at the end
   * of this process.
   */
  async read(owner: string, bytes: Uint8Array): Promise<string> {
    this.assertRoom(owner);
    const result = await new Promise<FileResult>((resolve, reject) => {
      const reading: Reading = {
        owner,
        start: () =>
          this.run(bytes)
            .then(resolve, reject)
            .finally(() => this.ended(reading)),
        fail: (cause) => {
          this.open.delete(reading);
          reject(cause);
        },
      };
      this.open.add(reading);
      this.waiting.set(owner, [...(this.waiting.get(owner) ?? []), reading]);
      this.next();
    });
    return textOf(result);
  }

  close(): void {
    this.waiting.clear();
    for (const reading of this.open) reading.fail(new GatewayError('unavailable', 'This server is stopping.'));
  }

  private assertRoom(owner: string): void {
    const { filesWaitingMax, filesWaitingPerKeyMax } = API_LIMITS;
    const own = [...this.open].filter((reading) => reading.owner === owner).length;
    if (own >= filesWaitingPerKeyMax) throw tooMany(' of this API key', 'key_reading_files');
    if (this.open.size >= filesWaitingMax) throw tooMany('', 'reading_files');
  }

  private next(): void {
    const [first] = this.waiting;
    if (!first || this.running >= API_LIMITS.filesReadAtOnceMax) return;
    const [owner, [reading, ...others]] = first;
    this.waiting.delete(owner);
    if (others.length > 0) this.waiting.set(owner, others);
    this.running++;
    reading?.start();
  }

  private ended(reading: Reading): void {
    this.open.delete(reading);
    this.running--;
    this.next();
  }

  /** Never rejects with words of the parser: they may quote the file. */
  private run(bytes: Uint8Array): Promise<FileResult> {
    const job = { bytes, pagesMax: LIMITS.filePagesMax, charsMax: LIMITS.fileTextCharsMax };
    return new Promise<FileResult>((resolve, reject) => {
      const thread = this.parts.start(job);
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        act();
        // The thread has no state that could be lost.
        thread.terminate().catch(() => undefined);
      };
      const timer = setTimeout(
        () => settle(() => reject(invalid(`takes more than ${this.parts.readMsMax / 1_000} s to read`))),
        this.parts.readMsMax,
      );
      thread.on('message', (result: FileResult) => settle(() => resolve(result)));
      thread.on('error', () => settle(() => reject(invalid('needs too much memory to be read, or cannot be read'))));
      thread.on('exit', () => settle(() => reject(invalid('cannot be read'))));
    });
  }
}

function textOf(result: FileResult): string {
  switch (result.kind) {
    case 'text':
      return result.text;
    case 'no_pdf':
      throw invalid('is not a PDF that can be read');
    case 'encrypted':
      throw invalid('is encrypted');
    case 'too_many_pages':
      throw invalid(`has ${result.pages} pages; at most ${LIMITS.filePagesMax} are read`);
    case 'too_long':
      throw invalid(`has more than ${LIMITS.fileTextCharsMax} characters of text`);
  }
}

const invalid = (what: string): GatewayError => new GatewayError('invalid_content_part', `The file ${what}.`);

function tooMany(whose: string, reason: RefusalReason): GatewayError {
  return new GatewayError('rate_limit_exceeded', `Too many files${whose} wait to be read.`, {
    retryAfterSeconds: 1,
    reason,
  });
}
