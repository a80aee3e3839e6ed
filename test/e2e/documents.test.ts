import OpenAI from 'openai';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { dataUrl, pdfOf } from '../support/pdf.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** PDFs and files of text in requests, through real processes. */
const SECRET = 'the winged sandal of Hermes';
const PDF = pdfOf([SECRET, 'page two']);

let upstream: FakeUpstream;
let stack: Stack;
let client: OpenAI;

const settings = (url: string): string => `
upstreams:
  - { name: plain, provider: openai, base_url: '${url}/v1', api_key: sk-plain }
  - { name: takes, provider: openai, base_url: '${url}/v1', api_key: sk-takes, files: pass }
models:
  - { name: plain, upstream: plain, model: ok }
  - { name: slow, upstream: plain, model: 'ok:first=4000' }
  - { name: takes, upstream: takes, model: ok }
`;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  stack = await startStack({ workers: 2, settings: settings(upstream.url), env: { TOOLS: '', LOG_LEVEL: 'debug' } });
  client = new OpenAI({ apiKey: 'none', baseURL: `${stack.apis[0]?.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

const lastContent = (): unknown => (upstream.requests.at(-1)?.body['messages'] as { content: unknown }[])[0]?.content;
const chat = (model: string, bytes: Buffer = PDF) =>
  client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: [{ type: 'file', file: { filename: 'a.pdf', file_data: dataUrl(bytes) } }] }],
  });
const READ = `File "a.pdf":\n${SECRET}\n\npage two`;

test('a model without files gets the text of the PDF, a model with files the PDF', async () => {
  await chat('plain');
  expect(lastContent()).toBe(READ);
  await chat('takes');
  expect(lastContent()).toEqual([{ type: 'file', file: { filename: 'a.pdf', file_data: dataUrl(PDF) } }]);
});

test('Responses and Messages; what a later turn continues is not read again', async () => {
  const file = { type: 'input_file' as const, filename: 'a.pdf', file_data: dataUrl(PDF) };
  const first = await client.responses.create({ model: 'plain', input: [{ role: 'user', content: [file] }] });
  expect(lastContent()).toBe(READ);
  await client.responses.create({ model: 'plain', input: 'And?', previous_response_id: first.id });
  expect(lastContent()).toBe(READ);
  const source = { type: 'base64', media_type: 'application/pdf', data: PDF.toString('base64') };
  const answer = await fetch(`${stack.apis[0]?.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'plain',
      max_tokens: 50,
      messages: [{ role: 'user', content: [{ type: 'document', title: 'a.pdf', source }] }],
    }),
  });
  expect(answer.status).toBe(200);
  expect(lastContent()).toBe(READ);
});

test('a conversation object gives the file to its next turn', async () => {
  const { id } = await client.conversations.create();
  const file = { type: 'input_file' as const, filename: 'a.pdf', file_data: dataUrl(PDF) };
  await client.responses.create({ model: 'plain', conversation: id, input: [{ role: 'user', content: [file] }] });
  await until(async () => {
    await client.responses.create({ model: 'plain', conversation: id, input: 'And?' });
    return lastContent() === READ;
  });
});

test('a PDF that is none is refused with its place, and no run is made', async () => {
  const broken = Buffer.from(`%PDF-1.4\n${SECRET}`);
  for (const [bytes, message] of [
    [broken, /not a PDF/],
    [Buffer.from('Hello'), /not a PDF/],
  ] as const) {
    await expect(chat('plain', bytes)).rejects.toMatchObject({
      status: 400,
      code: 'invalid_content_part',
      param: 'messages[0].content',
      message: expect.stringMatching(message) as string,
    });
  }
});

test('a worker that is killed: the next one has the text already', async () => {
  const asked = upstream.requests.length;
  const answer = chat('slow');
  await until(() => upstream.requests.length > asked);
  await stack.workers[0]?.kill('SIGKILL');
  await answer;
  expect(lastContent()).toBe(READ);
}, 120_000);

test('nothing of a file stands in a log', () => {
  const services = [...stack.apis, ...stack.workers, stack.store];
  for (const { output } of services) {
    expect(output()).not.toContain(SECRET);
    expect(output()).not.toContain(PDF.toString('base64').slice(0, 40));
  }
});
