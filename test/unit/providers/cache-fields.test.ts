import type { Sampling } from '#libs/contract';
import { createProvider } from '#libs/providers';
import { parseDto, type DecodeContext } from '#libs/protocols';
import { protocolNamed } from '../../support/chat-request.js';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { listen, question, upstreamSettings } from '../../support/model-lab.js';
import { decodeResponses } from '../../support/responses-request.js';

/** What requests say of prompt caches, tiers and waits, on its way from the client to an upstream. */
let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());
beforeEach(() => upstream.reset());

const CACHE = { prompt_cache_retention: '24h', prompt_cache_options: { mode: 'explicit', ttl: '30m' } };
const messages = [{ role: 'user', content: 'Hi' }];

function decodeChat(body: object) {
  const chat = protocolNamed('openai-chat');
  const context: DecodeContext = { hermesClient: false, messageTextCharsMax: 1_000 };
  return chat.decode(parseDto(chat.dto, body), context);
}

async function sent(provider: 'openai' | 'anthropic', sampling: Sampling) {
  const baseUrl = provider === 'openai' ? `${upstream.url}/v1` : upstream.url;
  const { events } = await listen(
    createProvider(upstreamSettings(provider, { baseUrl })),
    question('ok', { sampling }),
  );
  const leftOut = events.flatMap((event) => (event.type === 'left_out' ? event.fields : []));
  return { body: upstream.requests.at(-1)?.body ?? {}, leftOut };
}

test('both protocols read the fields about the cache; upstreams that are not OpenAI do not get them, and they are named', async () => {
  for (const { sampling } of [decodeChat({ messages, ...CACHE }), decodeResponses({ input: 'Hi', ...CACHE })]) {
    expect(sampling.promptCache).toEqual(CACHE);
    for (const provider of ['openai', 'anthropic'] as const) {
      const { body, leftOut } = await sent(provider, sampling);
      expect(leftOut).toEqual(expect.arrayContaining(Object.keys(CACHE)));
      expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['prompt_cache_options']));
    }
  }
});

test('a window for background responses is taken, and needs background', () => {
  const window = { background_options: { completion_window: '2h' } };
  expect(decodeResponses({ input: 'Hi', background: true, ...window }).background).toBe(true);
  expect(() => decodeResponses({ input: 'Hi', ...window })).toThrow("'background_options' needs 'background'");
  const odd = { background_options: { completion_window: 'tomorrow' } };
  expect(() => decodeResponses({ input: 'Hi', background: true, ...odd })).toThrow('completion_window');
});

test('Anthropic gets the tiers that it has words for; what it has no field for is named', async () => {
  expect((await sent('anthropic', { serviceTier: 'default' })).body).toMatchObject({ service_tier: 'standard_only' });
  expect((await sent('anthropic', { serviceTier: 'auto' })).body).toMatchObject({ service_tier: 'auto' });
  const flex = await sent('anthropic', {
    serviceTier: 'flex',
    seed: 1,
    presencePenalty: 1,
    logprobs: true,
    verbosity: 'low',
  });
  expect(flex.body).not.toHaveProperty('service_tier');
  expect([...flex.leftOut].sort()).toEqual(['logprobs', 'presence_penalty', 'seed', 'service_tier', 'verbosity']);
});
