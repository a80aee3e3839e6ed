import { withFilesAsText, type ModelProvider, type UpstreamSettings } from '#libs/contract';
import { addressOf } from '../upstream/serving.js';

/** Hosts whose APIs take PDFs. Compatible servers mostly refuse a part that they do not know. */
const TAKES_FILES: readonly RegExp[] = [/(^|\.)api\.openai\.com$/, /(^|\.)api\.anthropic\.com$/];

/** Wraps a provider whose upstream takes no PDFs, so that it gets their text. `files` of the settings decides. */
export function withFiles(provider: ModelProvider, settings: UpstreamSettings): ModelProvider {
  if ((settings.files ?? filesOf(settings)) === 'pass') return provider;
  return {
    ...provider,
    stream: (request) => provider.stream({ ...request, messages: withFilesAsText(request.messages) }),
  };
}

function filesOf(settings: UpstreamSettings): 'pass' | 'text' {
  const address = addressOf(settings);
  if (address === undefined) return 'text';
  const { hostname } = new URL(address);
  return TAKES_FILES.some((host) => host.test(hostname)) ? 'pass' : 'text';
}
