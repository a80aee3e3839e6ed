import type { JsonObject, ModelEvent, ModelProvider, ModelRequest, UpstreamSettings } from '#libs/contract';
import { marksLeftOut, toChatRequest } from '../openai/chat-request.js';
import type { AnswerBody } from '../upstream/answers/answer-body.js';
import { askModel } from '../upstream/ask-model.js';
import { listModels } from '../upstream/list-models.js';
import { upstreamHttp, type UpstreamHttp } from '../upstream/upstream-http.js';
import { answerLine } from './asks.js';
import { GatewayTranslator } from './gateway-translator.js';
import { sessionHeaders } from './session-headers.js';
import { RUN_ID, stopRun } from './stop-run.js';

const WIRE = { isOpenAi: false, isMistral: false };

/**
 * Another agent gateway, Talaria or Hermes, by its Chat Completions. It runs tools of its own, so it is offered the
 * caller's alone and never ours. When an answer is given up, for whatever reason, its run is stopped.
 *
 * `baseUrl` may end with `/v1` or in front of it.
 */
export function gatewayProvider(settings: UpstreamSettings): ModelProvider {
  const { name, apiKey, retriesMax, baseUrl = '' } = settings;
  const http = upstreamHttp(settings, {
    baseUrl: baseUrl.replace(/\/+$/, '').replace(/\/v1$/, ''),
    headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
  });
  return {
    upstream: name,
    carries: 'openai',
    stream: (request) => stoppable(http, (told) => ask({ http, settings, request: withoutOurTools(request), told })),
    listModels: (signal) =>
      listModels({ upstream: { name, apiKey }, retriesMax, signal, send: (own) => http.get('/v1/models', own) }),
  };
}

interface Asked {
  readonly http: UpstreamHttp;
  readonly settings: UpstreamSettings;
  readonly request: ModelRequest;
  /** The answer has begun. */
  readonly told: (body: AnswerBody) => void;
}

function ask({ http, settings, request, told }: Asked): AsyncIterable<ModelEvent> {
  const upstream = { name: settings.name, apiKey: settings.apiKey };
  // It reads the events of tools, so its gateway need not say in words that a call waits for approval.
  const headers = { ...sessionHeaders(request, settings), 'x-hermes-client': 'talaria' };
  let runId: string | undefined;
  const send = async (body: JsonObject, signal: AbortSignal): Promise<AnswerBody> => {
    const answer = await http.post('/v1/chat/completions', body, signal, headers);
    const id = answer.headers['x-run-id'];
    runId = typeof id === 'string' && RUN_ID.test(id) ? id : undefined;
    told(answer);
    return answer;
  };
  return askModel({
    upstream,
    request,
    body: () => toChatRequest(request, WIRE),
    ownFields: ['stream_options'],
    leftOut: [
      ...Object.keys(request.sampling.promptCache ?? {}),
      ...Object.keys(request.sampling.messagesApi?.fields ?? {}),
      ...marksLeftOut(request, false),
    ],
    send,
    translator: () => new GatewayTranslator(request, upstream, () => runId, answerLine(http)),
  });
}

/** A tool of ours under the name of one of theirs would be refused, and they have what they need. */
function withoutOurTools(request: ModelRequest): ModelRequest {
  const { callerTools: tools = request.tools } = request;
  const isOffered = (name: string): boolean => tools.some((tool) => tool.name === name);
  const { toolChoice } = request;
  const isForced = toolChoice.kind !== 'named' || isOffered(toolChoice.name);
  return { ...request, tools, ...(!isForced && { toolChoice: { kind: 'auto' } }) };
}

/** The same events. Whoever leaves before the last one, and whatever breaks off, stops the gateway's run. */
async function* stoppable(
  http: UpstreamHttp,
  open: (told: (body: AnswerBody) => void) => AsyncIterable<ModelEvent>,
): AsyncGenerator<ModelEvent> {
  let runId: unknown;
  let hasEnded = false;
  try {
    for await (const event of open(({ headers }) => (runId = headers['x-run-id']))) {
      hasEnded = event.type === 'end';
      yield event;
    }
  } finally {
    if (!hasEnded && typeof runId === 'string') void stopRun(http, runId);
  }
}
