/**
 * A PDF with one page for each text; lines of a text stand below each other. Texts have ASCII without brackets.
 * @param more entries of the trailer.
 */
export function pdfOf(pages: readonly string[], more = ''): Buffer {
  const font = 3 + 2 * pages.length;
  const kids = pages.map((_, i) => `${3 + 2 * i} 0 R`).join(' ');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    ...pages.flatMap((text, i) => [
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${4 + 2 * i} 0 R ` +
        `/Resources << /Font << /F1 ${font} 0 R >> >> >>`,
      streamOf(text),
    ]),
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let file = '%PDF-1.4\n';
  const starts = objects.map((object, i) => {
    const at = file.length;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = starts.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  const end = `trailer << /Size ${size} /Root 1 0 R ${more}>>\nstartxref\n${file.length}\n%%EOF\n`;
  return Buffer.from(`${file}xref\n0 ${size}\n0000000000 65535 f \n${table}${end}`, 'latin1');
}

function streamOf(text: string): string {
  const lines = text.split('\n').map((line, i) => `${i === 0 ? '72 700' : '0 -20'} Td (${line}) Tj`);
  const content = text === '' ? '' : `BT /F1 12 Tf ${lines.join(' ')} ET`;
  return `<< /Length ${content.length} >>\nstream\n${content}\nendstream`;
}

/** A PDF that opens with a password alone, which nobody knows. */
export function encryptedPdf(): Buffer {
  const digest = 'ab'.repeat(32);
  const encrypt = `/Encrypt << /Filter /Standard /V 1 /R 2 /O <${digest}> /U <${digest}> /P -4 >>`;
  return pdfOf(['Hello'], `${encrypt} /ID [<${'01'.repeat(16)}> <${'01'.repeat(16)}>] `);
}

/** The file as clients send it. */
export const dataUrl = (bytes: Buffer, mediaType = 'application/pdf'): string =>
  `data:${mediaType};base64,${bytes.toString('base64')}`;
