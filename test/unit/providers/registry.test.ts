import { loadConfig } from '#libs/config';
import { PROVIDER_NAMES } from '#libs/contract';
import { createProvider } from '#libs/providers';

test.each(PROVIDER_NAMES)('the settings file can name %s, and its provider names its upstream', (provider) => {
  const file = `upstreams: [{ name: mine, provider: ${provider}, base_url: 'http://127.0.0.1:1/v1' }]`;
  const { upstreams } = loadConfig({}, () => file).models;
  expect(upstreams.map((settings) => createProvider(settings).upstream)).toEqual(['mine']);
});
