import { readPdf } from '../../../../apps/api/src/attachments/read-pdf.js';
import { encryptedPdf, pdfOf } from '../../../support/pdf.js';

const read = (bytes: Buffer, bounds: { pagesMax?: number; charsMax?: number } = {}) =>
  readPdf({ bytes, pagesMax: 3, charsMax: 100, ...bounds });

test('the text of all pages, line by line', async () => {
  expect(await read(pdfOf(['One\nTwo', 'Three']))).toEqual({ kind: 'text', text: 'One\nTwo\n\nThree' });
});

test('a page without text has none', async () => {
  expect(await read(pdfOf(['', '']))).toEqual({ kind: 'text', text: '' });
});

test('bounds of pages and characters', async () => {
  const pages = ['a', 'b', 'c'];
  expect(await read(pdfOf(pages))).toMatchObject({ kind: 'text' });
  expect(await read(pdfOf([...pages, 'd']))).toEqual({ kind: 'too_many_pages', pages: 4 });
  expect(await read(pdfOf(['x'.repeat(60), 'x'.repeat(40)]))).toMatchObject({ kind: 'text' });
  expect(await read(pdfOf(['x'.repeat(60), 'x'.repeat(41)]))).toEqual({ kind: 'too_long' });
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('Hello')],
  ['a head alone', Buffer.from('%PDF-1.4\nHello')],
])('%s is no PDF', async (_, bytes) => {
  expect(await read(bytes)).toEqual({ kind: 'no_pdf' });
});

test('a PDF that asks for a password says so', async () => {
  expect(await read(encryptedPdf())).toEqual({ kind: 'encrypted' });
});
