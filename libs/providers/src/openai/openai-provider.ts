import { CACHE_MARK_FIELDS, type ModelProvider, type UpstreamSettings } from '#libs/contract';
import { askModel } from '../upstream/ask-model.js';
import { listModels } from '../upstream/list-models.js';
import { VENDOR_ADDRESSES } from '../upstream/serving.js';
import { upstreamHttp } from '../upstream/upstream-http.js';
import { askForVectors } from './embeddings.js';
import { marksLeftOut, toChatRequest } from './chat-request.js';
import { ChatTranslator } from './chat-translator.js';

/**
 * Models behind the Chat Completions API: OpenAI itself, or any server that speaks it (`baseUrl` up to and including
 * `/v1`).
 */
export function openaiProvider(settings: UpstreamSettings): ModelProvider {
  const { name, apiKey, retriesMax } = settings;
  const http = upstreamHttp(settings, {
    baseUrl: (settings.baseUrl ?? VENDOR_ADDRESSES.openai).replace(/\/+$/, ''),
    headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
  });
  const upstream = { name, apiKey };
  const host = hostOf(settings.baseUrl ?? VENDOR_ADDRESSES.openai);
  const wire = { isOpenAi: isHostOf(host, 'api.openai.com'), isMistral: isHostOf(host, 'api.mistral.ai') };
  return {
    upstream: name,
    // OpenAI returns no reasoning on this route, and refuses messages with unknown fields.
    ...(!wire.isOpenAi && { carries: 'openai' as const }),
    stream: (request) =>
      request.embed
        ? askForVectors({ upstream, http, request, order: request.embed })
        : askModel({
            upstream,
            request,
            body: () => toChatRequest(request, wire),
            ownFields: ['stream_options'],
            innerFields: wire.isOpenAi ? [CACHE_MARK_FIELDS.openai] : [],
            leftOut: [
              ...Object.keys((wire.isOpenAi ? request.sampling.extra : request.sampling.promptCache) ?? {}),
              ...Object.keys(request.sampling.messagesApi?.fields ?? {}),
              ...marksLeftOut(request, wire.isOpenAi),
            ],
            send: (body, signal) => http.post('/chat/completions', body, signal),
            translator: () => new ChatTranslator(request, upstream),
          }),
    listModels: (signal) => listModels({ upstream, retriesMax, signal, send: (own) => http.get('/models', own) }),
  };
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : '');

const isHostOf = (host: string, name: string): boolean => host === name || host.endsWith(`.${name}`);
