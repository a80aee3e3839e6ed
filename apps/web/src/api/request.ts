import { ApiError, errorOf } from './api-error.js';
import { apiKey, keyHeaders } from './key.js';

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

const listeners = new Set<() => void>();

/** Calls back when the server says that the key of this tab is not, or no longer, valid. */
export function onKeyRefused(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** One request to the API and its JSON. Rejects with ApiError. */
export async function request<T>(path: string, ask: Ask = {}): Promise<T> {
  const { method = 'GET', body, headers = {}, signal } = ask;
  const answer = await fetch(path, {
    method,
    headers: {
      ...keyHeaders(apiKey.get()),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
    cache: 'no-store',
  }).catch((cause: unknown) => {
    if (signal?.aborted === true) throw cause;
    throw new ApiError(0, 'network', 'The server cannot be reached.');
  });
  if (answer.ok) return (await answer.json()) as T;
  const error = await errorOf(answer);
  if (error.status === 401) for (const listener of listeners) listener();
  throw error;
}
