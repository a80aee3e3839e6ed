import type { ModelProvider, ProviderName, UpstreamSettings } from '#libs/contract';
import { anthropicProvider } from './anthropic/anthropic-provider.js';
import { demoProvider } from './demo/demo-provider.js';
import { gatewayProvider } from './gateway/gateway-provider.js';
import { openaiProvider } from './openai/openai-provider.js';
import { withForcedCalls } from './quirks/forced-text/forced-calls.js';

/** Every kind of upstream, by its name in the settings. The compiler requires an entry for each of PROVIDER_NAMES. */
const PROVIDERS: Readonly<Record<ProviderName, (settings: UpstreamSettings) => ModelProvider>> = {
  openai: openaiProvider,
  anthropic: anthropicProvider,
  gateway: gatewayProvider,
  demo: demoProvider,
};

/** The provider of an upstream. Opens no connection. */
export const createProvider = (settings: UpstreamSettings): ModelProvider =>
  withForcedCalls(PROVIDERS[settings.provider](settings));
