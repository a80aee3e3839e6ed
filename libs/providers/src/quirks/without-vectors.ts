import type { ModelEvent, ModelProvider } from '#libs/contract';
import { hasNoVectors } from '../upstream/failures.js';

/** Wraps a provider whose API has no embeddings: a request for vectors fails before anything is sent. */
export function withoutVectors(provider: ModelProvider): ModelProvider {
  return {
    ...provider,
    stream: (request) => (request.embed ? failing(provider.upstream) : provider.stream(request)),
  };
}

/** Not a generator: the failure is the only thing that it yields. */
const failing = (upstream: string): AsyncIterable<ModelEvent> => ({
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(hasNoVectors(upstream)) }),
});
