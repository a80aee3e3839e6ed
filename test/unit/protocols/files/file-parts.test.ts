import { LIMITS, type Message, type RunDraft } from '#libs/contract';
import { parseDto } from '#libs/protocols';
import { protocolNamed } from '../../../support/chat-request.js';
import { dataUrl, pdfOf } from '../../../support/pdf.js';

const PDF = pdfOf(['Hello']);
const base64 = PDF.toString('base64');
const text = Buffer.from('# Grüße').toString('base64');

function decode(name: string, body: object): RunDraft {
  const protocol = protocolNamed(name);
  const dto = parseDto(protocol.dto, JSON.parse(JSON.stringify(body)));
  return protocol.decode(dto, { hermesClient: false, messageTextCharsMax: 1_000 });
}

const PROTOCOLS = [
  [
    'openai-chat',
    'messages[0].content',
    (file_data: unknown, filename = 'a.pdf') => ({
      model: 'm',
      messages: [{ role: 'user', content: [{ type: 'file', file: { file_data, filename } }] }],
    }),
  ],
  [
    'openai-responses',
    'input[0].content',
    (file_data: unknown, filename = 'a.pdf') => ({
      model: 'm',
      input: [{ role: 'user', content: [{ type: 'input_file', file_data, filename }] }],
    }),
  ],
  [
    'ai-sdk-ui',
    'messages[0].parts',
    (url: unknown, filename = 'a.pdf') => ({
      id: 'chat-1',
      messages: [{ id: '1', role: 'user', parts: [{ type: 'file', mediaType: 'application/pdf', url, filename }] }],
    }),
  ],
] as const;

const partsOf = ({ messages }: RunDraft): unknown => (messages[0] as Extract<Message, { role: 'user' }>).content;

describe.each(PROTOCOLS)('%s', (name, param, bodyOf) => {
  test('a PDF is a file with its name and place', () => {
    expect(partsOf(decode(name, bodyOf(dataUrl(PDF))))).toEqual([
      { type: 'file', url: dataUrl(PDF), name: 'a.pdf', at: param },
    ]);
  });

  test('a file of text is text under its name', () => {
    const content = partsOf(decode(name, bodyOf(`data:text/markdown;charset=utf-8;base64,${text}`, 'a.md')));
    expect(JSON.stringify(content)).toContain('File \\"a.md\\":\\n# Grüße');
  });

  test.each([
    ['no data', null, 'invalid_content_part'],
    ['data that is not base64', 'data:application/pdf;base64,???', 'invalid_content_part'],
    ['a data URL that is not base64', 'data:application/pdf,JVBER', 'invalid_content_part'],
    ['a PDF that is none', dataUrl(Buffer.from('Not one.')), 'invalid_content_part'],
    ['text that is not UTF-8', dataUrl(Buffer.from([0xff, 0xfe]), 'text/plain'), 'invalid_content_part'],
    ['another kind', dataUrl(Buffer.from('PK'), 'application/zip'), 'unsupported_content_type'],
    ['a long name', dataUrl(PDF), 'string_above_max_length', 'x'.repeat(LIMITS.fileNameCharsMax + 1)],
    ['too much text', dataUrl(Buffer.alloc(1_001, 'x'), 'text/plain'), 'string_above_max_length'],
  ])('%s is refused with its place', (_, data, code, filename = 'a') => {
    expect(() => decode(name, bodyOf(data, filename))).toThrow(expect.objectContaining({ code, param }) as Error);
  });
});

test('base64 without a data URL is read by its beginning and its name', () => {
  const [, , bodyOf] = PROTOCOLS[0];
  expect(partsOf(decode('openai-chat', bodyOf(base64, 'a')))).toMatchObject([{ type: 'file', url: dataUrl(PDF) }]);
  expect(partsOf(decode('openai-chat', bodyOf(text, 'a.txt')))).toBe('File "a.txt":\n# Grüße');
});

test('files elsewhere are refused', () => {
  const body = (file: object) => ({
    model: 'm',
    input: [{ role: 'user', content: [{ type: 'input_file', ...file }] }],
  });
  for (const file of [{ file_id: 'file-1' }, { file_url: 'https://a.example/a.pdf' }]) {
    expect(() => decode('openai-responses', body(file))).toThrow(
      expect.objectContaining({ code: 'unsupported_content_type', param: 'input[0].content' }) as Error,
    );
  }
});

describe('anthropic-messages', () => {
  const bodyOf = (source: object, more: object = {}) => ({
    model: 'm',
    max_tokens: 10,
    messages: [{ role: 'user', content: [{ type: 'document', source, ...more }] }],
  });
  const pdf = { type: 'base64', media_type: 'application/pdf', data: base64 };

  test('a PDF is a file; title and context are kept', () => {
    expect(partsOf(decode('anthropic-messages', bodyOf(pdf, { title: 'A', context: 'Read it.' })))).toEqual([
      { type: 'text', text: 'Document "A":\nRead it.' },
      { type: 'file', url: dataUrl(PDF), name: 'A', at: 'messages[0].content' },
    ]);
  });

  test('a source of text is text', () => {
    const source = { type: 'text', media_type: 'text/plain', data: 'Hello' };
    expect(partsOf(decode('anthropic-messages', bodyOf(source)))).toBe('Document:\nHello');
  });

  test('a PDF that is none is refused with its place', () => {
    const wrong = { ...pdf, data: Buffer.from('Not one.').toString('base64') };
    expect(() => decode('anthropic-messages', bodyOf(wrong))).toThrow(
      expect.objectContaining({ code: 'invalid_content_part', param: 'messages[0].content' }) as Error,
    );
  });
});

test('data that is no base64 is refused after one pass, however long it is', () => {
  const [, , body] = PROTOCOLS[0];
  const spaces = ' '.repeat(2_000_000);
  for (const data of [`${spaces}!`, `AAAA${spaces}=${spaces}=!`, spaces, `${'='.repeat(2_000_000)}`]) {
    expect(() => decode('openai-chat', body(data))).toThrow('must have data in base64');
  }
  // Lines of 76 characters, as mail has them.
  const lines = (base64.match(/.{1,76}/g) ?? []).join('\r\n');
  expect(JSON.stringify(decode('openai-chat', body(lines)))).toContain('application/pdf');
});
