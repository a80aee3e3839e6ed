import type { JsonObject, ModelProvider, ModelRequest, UpstreamSettings } from '#libs/contract';
import { askModel } from '../upstream/ask-model.js';
import { featureOf } from '../upstream/refused-fields.js';
import { listModels } from '../upstream/list-models.js';
import { VENDOR_ADDRESSES } from '../upstream/serving.js';
import { upstreamHttp } from '../upstream/upstream-http.js';
import { MessageTranslator } from './message-translator.js';
import { OWN_FIELDS, toMessagesRequest } from './messages-request.js';

/**
 * With newer versions the API refuses temperature and top_p outright, whatever the model. Compatible servers know this
 * version and `x-api-key`.
 */
const API_VERSION = '2023-06-01';

/** The API's own maximum. One page of this size holds every existing model. */
const MODELS_PER_PAGE = 1000;

const namesOf = (fields: JsonObject = {}): string[] => Object.keys(fields);

const BETA = 'anthropic-beta';

/**
 * Beta features that a caller of the same API switches on. Servers ignore names that they do not know, or refuse the
 * request. Names that this upstream has refused are left out.
 */
function betasOf({ sampling, without = [] }: ModelRequest): {
  readonly sent: readonly string[];
  readonly leftOut: readonly string[];
} {
  const betas = sampling.messagesApi?.betas ?? [];
  const isRefused = (beta: string): boolean => {
    const feature = featureOf(BETA, beta);
    return without.some(({ name, value }) => name === feature.name && value === feature.value);
  };
  return {
    sent: betas.filter((beta) => !isRefused(beta)),
    leftOut: betas.filter(isRefused).map((beta) => `${BETA}.${beta}`),
  };
}

/** Models behind the Messages API: Anthropic, or any server that speaks it. `baseUrl` with or without `/v1`. */
export function anthropicProvider(settings: UpstreamSettings): ModelProvider {
  const { name, apiKey, retriesMax } = settings;
  const http = upstreamHttp(settings, {
    baseUrl: (settings.baseUrl ?? VENDOR_ADDRESSES.anthropic).replace(/\/+(v1\/*)?$/, ''),
    headers: { 'anthropic-version': API_VERSION, ...(apiKey !== undefined && { 'x-api-key': apiKey }) },
  });
  const upstream = { name, apiKey };
  return {
    upstream: name,
    carries: 'anthropic',
    stream: (request) => {
      const { body, leftOut } = toMessagesRequest(request, request.streaming !== false);
      const betas = betasOf(request);
      const header = betas.sent.length > 0 ? { [BETA]: betas.sent.join(',') } : undefined;
      return askModel({
        upstream,
        request,
        body: () => body,
        ownFields: OWN_FIELDS,
        innerFields: ['cache_control'],
        features: { header: BETA, names: betas.sent },
        leftOut: [
          ...namesOf(request.sampling.extra),
          ...namesOf(request.sampling.promptCache),
          ...betas.leftOut,
          ...leftOut,
        ],
        send: (body, signal) => http.post('/v1/messages', body, signal, header),
        translator: () => new MessageTranslator(request, upstream),
      });
    },
    listModels: (signal) =>
      listModels({ upstream, retriesMax, signal, send: (own) => http.get(`/v1/models?limit=${MODELS_PER_PAGE}`, own) }),
  };
}
