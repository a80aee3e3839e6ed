import OpenAI, { APIError } from 'openai';
import type { ModelProvider } from '#libs/contract';
import { askModel } from '../upstream/ask-model.js';
import type { Upstream } from '../upstream/failures.js';
import { listModels } from '../upstream/list-models.js';
import type { UpstreamSettings } from '../upstream/settings.js';
import { upstreamFetch } from '../upstream/upstream-fetch.js';
import { toChatRequest } from './chat-request.js';
import { ChatTranslator } from './chat-translator.js';

const OPENAI_URL = 'https://api.openai.com/v1';

/**
 * Models behind the Chat Completions API: OpenAI itself, or any server that speaks it (`baseUrl` up to and including
 * `/v1`). The SDK addresses, authenticates and words its errors; transport, retries and reading are ours: see
 * upstream-fetch.ts, with-retries.ts and read-answer.ts for why.
 */
export function openaiProvider(settings: UpstreamSettings): ModelProvider {
  const { name, apiKey, retriesMax } = settings;
  const client = clientFor(settings);
  const upstream: Upstream = {
    name,
    apiKey,
    answerOf: (error) =>
      error instanceof APIError && error.status !== undefined
        ? { status: error.status, headers: error.headers, error: error.error }
        : undefined,
  };
  const wire = { isOpenAi: isOpenAi(settings.baseUrl) };
  return {
    upstream: name,
    stream: (request) =>
      askModel({
        upstream,
        retriesMax,
        request,
        send: (streaming, signal) =>
          client
            .post('/chat/completions', { body: toChatRequest(request, { ...wire, streaming }), signal })
            .asResponse(),
        translator: () => new ChatTranslator(request, upstream),
      }),
    listModels: (signal) =>
      listModels({
        upstream,
        retriesMax,
        signal,
        send: (own) => client.get('/models', { signal: own }).asResponse(),
      }),
  };
}

/** Everything that the SDK would look up in the environment is given, so that it looks nothing up. */
function clientFor(settings: UpstreamSettings): OpenAI {
  return new OpenAI({
    apiKey: settings.apiKey ?? 'none',
    ...(settings.apiKey === undefined && { defaultHeaders: { Authorization: null } }),
    baseURL: settings.baseUrl ?? OPENAI_URL,
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    logLevel: 'off',
    maxRetries: 0,
    timeout: settings.firstByteTimeoutMs,
    fetch: upstreamFetch(settings),
  });
}

function isOpenAi(baseUrl: string | undefined): boolean {
  if (baseUrl === undefined) return true;
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  return host === 'api.openai.com' || host.endsWith('.api.openai.com');
}
