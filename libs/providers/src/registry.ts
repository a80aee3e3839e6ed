import type { ModelProvider } from '#libs/contract';
import { anthropicProvider } from './anthropic/anthropic-provider.js';
import { demoProvider } from './demo/demo-provider.js';
import { openaiProvider } from './openai/openai-provider.js';
import type { UpstreamSettings } from './upstream/settings.js';

interface ProviderEntry {
  /** The word for it in the config: `provider: openai`. */
  readonly name: string;
  create(settings: UpstreamSettings): ModelProvider;
}

/** Every kind of upstream there is. A new one is a folder and a line here. */
export const PROVIDERS: readonly ProviderEntry[] = [
  { name: 'openai', create: openaiProvider },
  { name: 'anthropic', create: anthropicProvider },
  { name: 'demo', create: demoProvider },
];

/** The provider of an upstream. Opens no connection; throws when nobody knows `settings.provider`. */
export function createProvider(settings: UpstreamSettings): ModelProvider {
  const entry = PROVIDERS.find(({ name }) => name === settings.provider);
  if (!entry) throw new Error(`upstream '${settings.name}': there is no provider '${settings.provider}'`);
  return entry.create(settings);
}
