import type { FileJob, FileResult } from './file-job.js';
import { readPdf } from './read-pdf.js';

/**
 * The reading process. It lives for one PDF: it gets the file as its first message, answers once and waits to be ended.
 * A file that needs too much time or memory takes nothing else down with it. The parser is loaded here alone, so an API
 * that gets no PDF does without it.
 */
const answer = (result: FileResult): void => {
  // Without its parent nobody waits for the answer, and the process ends at 'disconnect'.
  process.send?.(result, undefined, undefined, () => undefined);
};

process.once('message', (job) => {
  // `readPdf` does not reject. Should it, the file cannot be read.
  readPdf(job as FileJob).then(answer, () => answer({ kind: 'no_pdf' }));
});
process.once('disconnect', () => process.exit());
