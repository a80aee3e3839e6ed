import { createProvider, PROVIDERS } from '#libs/providers';
import { upstreamSettings } from '../../support/model-lab.js';

test('every provider has a name of its own and names its upstream', () => {
  expect(new Set(PROVIDERS.map(({ name }) => name)).size).toBe(PROVIDERS.length);
  for (const provider of ['openai', 'anthropic', 'demo'] as const) {
    expect(createProvider(upstreamSettings(provider, { name: 'mine' })).upstream).toBe('mine');
  }
});

test('an unknown provider stops the start', () => {
  const settings = { ...upstreamSettings('demo'), provider: 'gemini' };
  expect(() => createProvider(settings as never)).toThrow("there is no provider 'gemini'");
});
