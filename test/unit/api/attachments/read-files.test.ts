import { GatewayError, LIMITS, type FilePart, type RunDraft } from '#libs/contract';
import { FileReader, type ReaderParts } from '../../../../apps/api/src/attachments/file-reader.js';
import type { FileJob, FileResult } from '../../../../apps/api/src/attachments/file-job.js';
import type { FileOutcome } from '../../../../apps/api/src/attachments/file-process.js';
import { readFiles } from '../../../../apps/api/src/attachments/read-files.js';
import { API_LIMITS } from '../../../../apps/api/src/words/api-limits.js';
import { decodeChat } from '../../../support/chat-request.js';
import { dataUrl } from '../../../support/pdf.js';
import { turnsOfTheLoop } from '../../../support/hang.js';

const file = (at = 'messages[0].content'): FilePart => ({ type: 'file', url: dataUrl(Buffer.from('%PDF-')), at });
const draftOf = (...parts: readonly FilePart[]): RunDraft => ({
  ...decodeChat({ messages: [{ role: 'user', content: 'Hi' }] }),
  messages: [{ role: 'user', content: parts }],
});

describe('readFiles', () => {
  test('each file gets its text once, in the request and in what came before it', async () => {
    let reads = 0;
    const reader = { read: async () => `text ${++reads}` };
    const draft = { ...draftOf(file(), { ...file(), text: 'known' }), context: draftOf(file()).messages };
    const read = await readFiles({ reader, owner: 'ann' }, draft);
    const { url } = file();
    expect(read.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'file', url, text: 'text 1' },
          { type: 'file', url, at: 'messages[0].content', text: 'known' },
        ],
      },
    ]);
    expect(read.context).toEqual([{ role: 'user', content: [{ type: 'file', url, text: 'text 2' }] }]);
    expect(await readFiles({ reader, owner: 'ann' }, read)).toBe(read);
    expect(reads).toBe(2);
  });

  test('an error gets the place of the file; others stay as they are', async () => {
    const failing = (code: 'invalid_content_part' | 'rate_limit_exceeded') => ({
      reader: { read: () => Promise.reject(new GatewayError(code, 'No.')) },
      owner: 'ann',
    });
    const before = { ...draftOf(), context: draftOf(file()).messages };
    const read = await readFiles(failing('invalid_content_part'), before);
    expect(read.context).toEqual([{ role: 'user', content: [{ type: 'file', url: file().url, text: '' }] }]);
    await expect(readFiles(failing('invalid_content_part'), draftOf(file()))).rejects.toMatchObject({
      param: 'messages[0].content',
    });
    await expect(readFiles(failing('rate_limit_exceeded'), draftOf(file()))).rejects.toMatchObject({
      code: 'rate_limit_exceeded',
    });
  });

  test('the number of files is bounded', async () => {
    const many = draftOf(...Array.from({ length: LIMITS.filesMax + 1 }, () => file()));
    await expect(readFiles({ reader: { read: async () => '' }, owner: 'ann' }, many)).rejects.toMatchObject({
      code: 'array_above_max_length',
      param: 'messages[0].content',
    });
  });
});

describe('FileReader', () => {
  class Process {
    isOver = false;
    constructor(
      readonly job: FileJob,
      private readonly done: (outcome: FileOutcome) => void,
    ) {}
    end(outcome: FileOutcome): void {
      this.isOver = true;
      this.done(outcome);
    }
  }
  let processes: Process[];
  let reader: FileReader;
  const start: ReaderParts['start'] = (job, done) => {
    const process = new Process(job, done);
    processes.push(process);
    return () => {
      process.isOver = true;
    };
  };
  beforeEach(() => {
    processes = [];
    reader = new FileReader({ start, readMsMax: 600_000 });
  });
  const bytes = Buffer.from('x');
  const refused = (promise: Promise<unknown>): Promise<unknown> => promise.catch((cause: unknown) => cause);

  test.each<[FileResult, string]>([
    [{ kind: 'no_pdf' }, 'is not a PDF'],
    [{ kind: 'encrypted' }, 'is encrypted'],
    [{ kind: 'too_many_pages', pages: 9_999 }, '9999 pages'],
    [{ kind: 'too_long' }, String(LIMITS.fileTextCharsMax)],
  ])('%j is said in words', async (result, words) => {
    const failed = refused(reader.read('ann', bytes));
    processes[0]?.end(result);
    expect(await failed).toMatchObject({
      code: 'invalid_content_part',
      message: expect.stringContaining(words) as string,
    });
    expect(processes[0]?.isOver).toBe(true);
  });

  test('a file that needs too much memory is at fault; a dead or slow process says: not now', async () => {
    const [large, dead, whole] = [reader.read('a', bytes), reader.read('b', bytes), reader.read('c', bytes)].map(
      refused,
    );
    processes[0]?.end({ kind: 'too_much_memory' });
    processes[1]?.end({ kind: 'died' });
    processes[2]?.end({ kind: 'text', text: 'Hello' });
    expect(await large).toMatchObject({ code: 'invalid_content_part' });
    expect(await dead).toMatchObject({ code: 'unavailable', retryAfterSeconds: API_LIMITS.fileRetrySeconds });
    expect(await whole).toBe('Hello');
    const impatient = new FileReader({ start, readMsMax: 1 });
    expect(await refused(impatient.read('ann', bytes))).toMatchObject({ code: 'unavailable' });
    expect(processes.every(({ isOver }) => isOver)).toBe(true);
  });

  test('few are read at once, and keys take turns', async () => {
    const { filesReadAtOnceMax } = API_LIMITS;
    const readings = ['ann', 'ann', 'ann', 'ann', 'bob'].map((owner) => reader.read(owner, Buffer.from(owner)));
    const ownerOf = ({ job }: Process): string => Buffer.from(job.bytes).toString();
    for (let ended = 0; ended < readings.length; ended++) {
      expect(processes.filter(({ isOver }) => !isOver).length).toBeLessThanOrEqual(filesReadAtOnceMax);
      processes[ended]?.end({ kind: 'text', text: '' });
      await turnsOfTheLoop(2);
    }
    await Promise.all(readings);
    expect(processes.slice(filesReadAtOnceMax, filesReadAtOnceMax + 2).map(ownerOf)).toContain('bob');
  });

  test('waiting files are bounded, for one key and for all, and fail when the server stops', async () => {
    const own = Array.from({ length: API_LIMITS.filesWaitingPerKeyMax }, () => refused(reader.read('ann', bytes)));
    expect(await refused(reader.read('ann', bytes))).toMatchObject({
      code: 'rate_limit_exceeded',
      retryAfterSeconds: 1,
    });
    const others = Array.from({ length: API_LIMITS.filesWaitingMax - own.length }, (_, i) =>
      refused(reader.read(`key ${i}`, bytes)),
    );
    expect(await refused(reader.read('zoe', bytes))).toMatchObject({ reason: 'reading_files' });
    reader.close();
    expect(processes.every(({ isOver }) => isOver)).toBe(true);
    expect(await Promise.all([...own, ...others])).toEqual(
      Array.from(
        { length: API_LIMITS.filesWaitingMax },
        () => expect.objectContaining({ code: 'unavailable' }) as Error,
      ),
    );
  });
});
