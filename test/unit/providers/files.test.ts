import type { FilePart, JsonObject, ProviderName, UpstreamSettings } from '#libs/contract';
import { createProvider } from '#libs/providers';
import { withFiles } from '../../../libs/providers/src/quirks/files-as-text.js';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { listen, question, upstreamSettings } from '../../support/model-lab.js';

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream?.stop());

const URL_OF_FILE = 'data:application/pdf;base64,JVBERi0=';
const file = (more: Partial<FilePart> = {}): FilePart => ({
  type: 'file',
  url: URL_OF_FILE,
  name: 'a.pdf',
  text: 'Hello',
  ...more,
});

/** The content of the user's message as it arrives at the upstream. */
async function sent(provider: ProviderName, part: FilePart, files?: UpstreamSettings['files']): Promise<unknown> {
  upstream.reset();
  const settings = upstreamSettings(provider, { baseUrl: `${upstream.url}/v1`, ...(files && { files }) });
  const content = [{ type: 'text', text: 'Read:' } as const, part];
  const heard = await listen(createProvider(settings), question('ok', { messages: [{ role: 'user', content }] }));
  expect(heard.error).toBeUndefined();
  return (upstream.requests[0]?.body['messages'] as JsonObject[])[0]?.['content'];
}

describe('a server that takes files gets them as they are', () => {
  test('Chat Completions', async () => {
    const part = { type: 'file', file: { filename: 'a.pdf', file_data: URL_OF_FILE } };
    expect(await sent('openai', file(), 'pass')).toEqual([{ type: 'text', text: 'Read:' }, part]);
  });

  test('Messages', async () => {
    const source = { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' };
    expect(await sent('anthropic', file(), 'pass')).toEqual([
      { type: 'text', text: 'Read:' },
      expect.objectContaining({ type: 'document', title: 'a.pdf', source }),
    ]);
  });
});

describe('any other server gets their text', () => {
  test('as one text with the rest, because not every server accepts parts', async () => {
    expect(await sent('openai', file())).toBe('Read:\nFile "a.pdf":\nHello');
    expect(await sent('openai', file(), 'text')).toBe('Read:\nFile "a.pdf":\nHello');
  });

  test('a file without text, or that nobody has read, is mentioned', async () => {
    expect(await sent('openai', file({ text: ' ' }))).toContain('without text');
    expect(JSON.stringify(await sent('anthropic', { type: 'file', url: URL_OF_FILE }))).toContain('without text');
  });
});

test('the vendors themselves take files, unless the settings say otherwise', () => {
  const provider = createProvider(upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` }));
  const isPassed = (settings: Partial<UpstreamSettings>, kind: ProviderName = 'openai'): boolean =>
    withFiles(provider, upstreamSettings(kind, settings)) === provider;
  expect(isPassed({})).toBe(true);
  expect(isPassed({}, 'anthropic')).toBe(true);
  expect(isPassed({ baseUrl: 'https://api.openai.com/v1' })).toBe(true);
  expect(isPassed({ baseUrl: 'https://api.openai.com.example/v1' })).toBe(false);
  expect(isPassed({ files: 'text' })).toBe(false);
  expect(isPassed({ baseUrl: 'http://127.0.0.1:1/v1', files: 'pass' })).toBe(true);
  expect(isPassed({}, 'demo')).toBe(false);
});
