import { parentPort, workerData } from 'node:worker_threads';
import type { FileJob, FileResult } from './file-job.js';
import { readPdf } from './read-pdf.js';

/**
 * The reading thread. It lives for one PDF: it reads what it was started with, answers once and waits to be ended. A
 * file that needs too much time or memory takes nothing else down with it. The parser is loaded here alone, so an API
 * that gets no PDF does without it.
 */
const answer = (result: FileResult): void => parentPort?.postMessage(result);

// `readPdf` does not reject. Should it, the file cannot be read.
readPdf(workerData as FileJob).then(answer, () => answer({ kind: 'no_pdf' }));
