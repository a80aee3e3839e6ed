import { createProvider, demoProvider } from '#libs/providers';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { upstreamSettings } from '../support/model-lab.js';
import { modelProviderSuite } from './model-provider.suite.js';

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());

const models = { quick: 'ok', slow: 'ok:n=20,gap=10' };
modelProviderSuite('openai', () => ({
  provider: createProvider(upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` })),
  ...models,
}));
modelProviderSuite('anthropic', () => ({
  provider: createProvider(upstreamSettings('anthropic', { baseUrl: upstream.url })),
  ...models,
}));
modelProviderSuite('gateway', () => ({
  provider: createProvider(upstreamSettings('gateway', { baseUrl: upstream.url })),
  ...models,
}));
modelProviderSuite('demo', () => ({
  provider: demoProvider(upstreamSettings('demo'), { wordDelayMs: 2 }),
  quick: 'demo',
  slow: 'demo',
}));
