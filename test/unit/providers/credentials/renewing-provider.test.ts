import { createProvider } from '#libs/providers';
import { startFakeUpstream, type FakeUpstream } from '../../../support/fake-upstream.js';
import { gatewayError, listen, question, upstreamSettings } from '../../../support/model-lab.js';

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
  let asked = 0;
  upstream.answers.set('first-refused', () =>
    asked++ === 0
      ? { status: 401, body: { error: { message: 'No.', code: 'invalid_api_key' } } }
      : { body: { choices: [{ message: { content: 'Yes.' }, finish_reason: 'stop' }] } },
  );
});
afterAll(() => upstream.stop());

function provider(keys: readonly string[]) {
  let at = 0;
  const refused: string[] = [];
  const credential = {
    current: async () => keys[at] ?? '',
    refused: async (key: string) => {
      refused.push(key);
      return ++at < keys.length;
    },
  };
  const settings = upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` });
  return { refused, ...createProvider(settings, credential) };
}

test('after a 401 the request is sent once more, with the next key', async () => {
  upstream.reset();
  const { refused, ...one } = provider(['key-1', 'key-2']);
  const { text } = await listen(one, question('answer:name=first-refused'));
  expect(text).toBe('Yes.');
  expect(refused).toEqual(['key-1']);
  expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer key-1', 'Bearer key-2']);
});

test('when there is no other key, or the next one is refused, too, the refusal is the answer', async () => {
  upstream.reset();
  expect(gatewayError(await listen(provider(['key-1']), question('auth'))).code).toBe('upstream_auth_failed');
  expect(upstream.requests).toHaveLength(1);
  expect(gatewayError(await listen(provider(['key-1', 'key-2', 'key-3']), question('auth'))).code).toBe(
    'upstream_auth_failed',
  );
  expect(upstream.requests).toHaveLength(3);
});

test('other failures are not asked again here', async () => {
  upstream.reset();
  expect(gatewayError(await listen(provider(['key-1', 'key-2']), question('500'))).code).toBe('upstream_error');
  expect(upstream.requests).toHaveLength(1);
});
