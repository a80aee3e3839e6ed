import type { ModelProvider, ProviderName, UpstreamSettings } from '#libs/contract';
import { anthropicProvider } from './anthropic/anthropic-provider.js';
import { renewingProvider, type Credential } from './credentials/renewing-provider.js';
import { demoProvider } from './demo/demo-provider.js';
import { gatewayProvider } from './gateway/gateway-provider.js';
import { openaiProvider } from './openai/openai-provider.js';
import { withFiles } from './quirks/files-as-text.js';
import { withForcedCalls } from './quirks/forced-text/forced-calls.js';
import { withoutVectors } from './quirks/without-vectors.js';

/** Every kind of upstream, by its name in the settings. The compiler requires an entry for each of PROVIDER_NAMES. */
const PROVIDERS: Readonly<Record<ProviderName, (settings: UpstreamSettings) => ModelProvider>> = {
  openai: openaiProvider,
  anthropic: (settings) => withoutVectors(anthropicProvider(settings)),
  gateway: (settings) => withoutVectors(gatewayProvider(settings)),
  demo: (settings) => withoutVectors(demoProvider(settings)),
};

/**
 * The provider of an upstream. Opens no connection.
 * @param credential where its key comes from, if that one ends. Absent: the key stands in the settings.
 */
export const createProvider = (settings: UpstreamSettings, credential?: Credential): ModelProvider => {
  const create = PROVIDERS[settings.provider];
  const provider = credential ? renewingProvider(settings, credential, create) : create(settings);
  return withForcedCalls(withFiles(provider, settings));
};
