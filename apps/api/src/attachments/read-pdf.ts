import { getDocumentProxy } from 'unpdf';
import type { FileJob, FileResult } from './file-job.js';

/** Nothing that the parser would print: it names what stands in the file. */
const SILENT = 0;
const PASSWORD = 'PasswordException';

/**
 * The text of a PDF, pages apart by a blank line; empty when it has none. Pages are read one after the other, so that a
 * bound is noticed before the rest is read. Never rejects: what the parser says may quote the file.
 */
export async function readPdf(job: FileJob): Promise<FileResult> {
  try {
    return await read(job);
  } catch (cause) {
    const isEncrypted = cause instanceof Error && cause.name === PASSWORD;
    return { kind: isEncrypted ? 'encrypted' : 'no_pdf' };
  }
}

async function read({ bytes, pagesMax, charsMax }: FileJob): Promise<FileResult> {
  // The parser takes the memory of what it gets, so it gets a copy.
  const document = await getDocumentProxy(Uint8Array.from(bytes), { verbosity: SILENT, isEvalSupported: false });
  if (document.numPages > pagesMax) return { kind: 'too_many_pages', pages: document.numPages };
  const pages: string[] = [];
  let chars = 0;
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    const text = items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('');
    page.cleanup();
    chars += text.length;
    if (chars > charsMax) return { kind: 'too_long' };
    pages.push(text);
  }
  return { kind: 'text', text: pages.join('\n\n').trim() };
}
