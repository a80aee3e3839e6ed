import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { isJsonObject, type ModelProvider } from '#libs/contract';
import { askModel } from '../upstream/ask-model.js';
import type { Upstream } from '../upstream/failures.js';
import { listModels } from '../upstream/list-models.js';
import type { UpstreamSettings } from '../upstream/settings.js';
import { upstreamFetch } from '../upstream/upstream-fetch.js';
import { MessageTranslator } from './message-translator.js';
import { toMessagesRequest } from './messages-request.js';

const ANTHROPIC_URL = 'https://api.anthropic.com';

/**
 * The SDK would say 2026-10-21 and send the key as a bearer token. That version refuses temperature and top_p outright,
 * whatever the model, and compatible servers know this one and `x-api-key`.
 */
const API_VERSION = '2023-06-01';

/** One page holds every model there is: the API's own maximum. */
const MODELS_PER_PAGE = 1000;

/** Models behind the Messages API: Anthropic, or any server that speaks it. `baseUrl` with or without `/v1`. */
export function anthropicProvider(settings: UpstreamSettings): ModelProvider {
  const { name, apiKey, retriesMax } = settings;
  const client = clientFor(settings);
  const upstream: Upstream = {
    name,
    apiKey,
    answerOf: (error) =>
      error instanceof APIError && error.status !== undefined
        ? { status: error.status, headers: error.headers, error: innerError(error.error) }
        : undefined,
  };
  return {
    upstream: name,
    stream: (request) =>
      askModel({
        upstream,
        retriesMax,
        request,
        send: (streaming, signal) =>
          client.post('/v1/messages', { body: toMessagesRequest(request, streaming), signal }).asResponse(),
        translator: () => new MessageTranslator(request, upstream),
      }),
    listModels: (signal) =>
      listModels({
        upstream,
        retriesMax,
        signal,
        send: (own) => client.get('/v1/models', { query: { limit: MODELS_PER_PAGE }, signal: own }).asResponse(),
      }),
  };
}

/** Everything that the SDK would look up in the environment or in profile files is given, so that it looks nothing up. */
function clientFor(settings: UpstreamSettings): Anthropic {
  return new Anthropic({
    apiKey: settings.apiKey ?? 'none',
    authToken: null,
    defaultHeaders: { 'anthropic-version': API_VERSION, 'X-Api-Key': settings.apiKey ?? null, Authorization: null },
    baseURL: (settings.baseUrl ?? ANTHROPIC_URL).replace(/\/+(v1\/*)?$/, ''),
    webhookKey: null,
    openTelemetry: false,
    logLevel: 'off',
    maxRetries: 0,
    timeout: settings.firstByteTimeoutMs,
    fetch: upstreamFetch(settings),
  });
}

/** The body is `{type: 'error', error: {type, message}}`. */
function innerError(body: unknown): unknown {
  return isJsonObject(body) ? body['error'] : undefined;
}
