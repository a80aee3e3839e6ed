import { GatewayError, LIMITS, type RefusalReason } from '#libs/contract';
import { API_LIMITS } from '../words/api-limits.js';
import type { FileJob } from './file-job.js';
import { startFileProcess, type FileOutcome } from './file-process.js';

export interface ReaderParts {
  /** Starts to read one file, and calls `done` once. Gives what ends it without an outcome. */
  start(job: FileJob, done: (outcome: FileOutcome) => void): () => void;
  /** Longest time of one file, from its own start. */
  readonly readMsMax: number;
}

const PARTS: ReaderParts = {
  start: (job, done) =>
    startFileProcess(
      new URL('./file-child.js', import.meta.url),
      job,
      {
        heapMbMax: API_LIMITS.fileMemoryMbMax,
        residentMbMax: API_LIMITS.fileResidentMbMax,
        lookMs: API_LIMITS.fileMemoryLookMs,
      },
      done,
    ),
  readMsMax: API_LIMITS.fileReadMsMax,
};

type Ended = FileOutcome | { readonly kind: 'too_slow' };

interface Reading {
  readonly owner: string;
  start(): void;
  /** Its process ends too, if it has one. */
  fail(cause: Error): void;
}

/**
 * Reads the text of PDFs, each in a process of its own that ends with it: a file that takes too long, or too much
 * memory, ends its own process and nothing else. Files wait for one of a few processes; keys take turns.
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
   * PDF, is encrypted or exceeds a limit, `rate_limit_exceeded` when too many files wait, and `unavailable` when it
   * took too long, its process died, or this process ends.
   */
  async read(owner: string, bytes: Uint8Array): Promise<string> {
    this.assertRoom(owner);
    const result = await new Promise<Ended>((resolve, reject) => {
      let stop = (): void => undefined;
      const reading: Reading = {
        owner,
        start: () => {
          stop = this.run(bytes, (ended) => {
            this.ended(reading);
            resolve(ended);
          });
        },
        fail: (cause) => {
          stop();
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

  /** @returns ends the reading without an outcome. */
  private run(bytes: Uint8Array, done: (ended: Ended) => void): () => void {
    const job = { bytes, pagesMax: LIMITS.filePagesMax, charsMax: LIMITS.fileTextCharsMax };
    const timer = setTimeout(() => {
      stop();
      done({ kind: 'too_slow' });
    }, this.parts.readMsMax);
    const stop = this.parts.start(job, (outcome) => {
      clearTimeout(timer);
      done(outcome);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }
}

/** Time depends on the load of the machine, so a file that was too slow is not at fault itself. */
function textOf(result: Ended): string {
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
    case 'too_much_memory':
      throw invalid('needs too much memory to be read');
    case 'too_slow':
      throw notNow('took too long to read');
    case 'died':
      throw notNow('could not be read right now');
  }
}

const invalid = (what: string): GatewayError => new GatewayError('invalid_content_part', `The file ${what}.`);

const notNow = (what: string): GatewayError =>
  new GatewayError('unavailable', `The file ${what}. Try again.`, { retryAfterSeconds: API_LIMITS.fileRetrySeconds });

function tooMany(whose: string, reason: RefusalReason): GatewayError {
  return new GatewayError('rate_limit_exceeded', `Too many files${whose} wait to be read.`, {
    retryAfterSeconds: 1,
    reason,
  });
}
