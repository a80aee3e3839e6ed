import {
  GatewayError,
  type ModelEvent,
  type ModelProvider,
  type ModelRequest,
  type UpstreamSettings,
} from '#libs/contract';

/** Where a provider gets the key for a request. See RenewingCredential. */
export interface Credential {
  current(signal: AbortSignal): Promise<string>;
  refused(token: string, signal: AbortSignal): Promise<boolean>;
}

/**
 * A provider whose key ends. Each key has a provider of its own, so that everything that must not be shown is known to
 * it. A request whose key was refused is sent once more with the next one; nothing of an answer has been seen by then.
 */
export function renewingProvider(
  settings: UpstreamSettings,
  credential: Credential,
  create: (settings: UpstreamSettings) => ModelProvider,
): ModelProvider {
  let open: { readonly key: string; readonly provider: ModelProvider } | undefined;
  const providerOf = (key: string): ModelProvider => {
    if (open?.key !== key) open = { key, provider: create({ ...settings, apiKey: key }) };
    return open.provider;
  };
  const withKey = async <T>(signal: AbortSignal, use: (provider: ModelProvider) => Promise<T>): Promise<T> => {
    const key = await credential.current(signal);
    try {
      return await use(providerOf(key));
    } catch (error) {
      const isRefused = error instanceof GatewayError && error.code === 'upstream_auth_failed';
      if (!isRefused || signal.aborted || !(await credential.refused(key, signal))) throw error;
      return use(providerOf(await credential.current(signal)));
    }
  };
  const { carries, upstream } = create(settings);
  return {
    upstream,
    ...(carries !== undefined && { carries }),
    stream: (request) => streamWith(request, withKey),
    listModels: (signal) => withKey(signal, (provider) => provider.listModels(signal)),
  };
}

type WithKey = <T>(signal: AbortSignal, use: (provider: ModelProvider) => Promise<T>) => Promise<T>;

async function* streamWith(request: ModelRequest, withKey: WithKey): AsyncGenerator<ModelEvent> {
  const begun = await withKey(request.signal, async (provider) => {
    const events = provider.stream(request)[Symbol.asyncIterator]();
    const first: ModelEvent[] = [];
    for (;;) {
      const next = await events.next();
      if (next.done) return { events, first };
      first.push(next.value);
      // What was left out is known before the upstream has taken the key.
      if (next.value.type !== 'left_out') return { events, first };
    }
  });
  try {
    yield* begun.first;
    for (let next = await begun.events.next(); !next.done; next = await begun.events.next()) yield next.value;
  } finally {
    await begun.events.return?.();
  }
}
