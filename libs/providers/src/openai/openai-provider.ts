import type { ModelProvider, UpstreamSettings } from '#libs/contract';
import { askModel } from '../upstream/ask-model.js';
import { listModels } from '../upstream/list-models.js';
import { upstreamHttp } from '../upstream/upstream-http.js';
import { toChatRequest } from './chat-request.js';
import { ChatTranslator } from './chat-translator.js';

const OPENAI_URL = 'https://api.openai.com/v1';

/**
 * Models behind the Chat Completions API: OpenAI itself, or any server that speaks it (`baseUrl` up to and including
 * `/v1`).
 */
export function openaiProvider(settings: UpstreamSettings): ModelProvider {
  const { name, apiKey, retriesMax } = settings;
  const http = upstreamHttp(settings, {
    baseUrl: (settings.baseUrl ?? OPENAI_URL).replace(/\/+$/, ''),
    headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
  });
  const upstream = { name, apiKey };
  const wire = { isOpenAi: isOpenAi(settings.baseUrl) };
  return {
    upstream: name,
    stream: (request) =>
      askModel({
        upstream,
        request,
        send: (signal) =>
          http.post(
            '/chat/completions',
            toChatRequest(request, { ...wire, streaming: request.streaming !== false }),
            signal,
          ),
        translator: () => new ChatTranslator(request, upstream),
      }),
    listModels: (signal) => listModels({ upstream, retriesMax, signal, send: (own) => http.get('/models', own) }),
  };
}

function isOpenAi(baseUrl: string | undefined): boolean {
  if (baseUrl === undefined) return true;
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  return host === 'api.openai.com' || host.endsWith('.api.openai.com');
}
