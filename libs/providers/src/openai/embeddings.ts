import type { EmbeddingsOrder, JsonObject, ModelEvent, ModelRequest } from '#libs/contract';
import { AnswerRefused } from '../upstream/call-errors.js';
import type { AnswerBody } from '../upstream/answers/answer-body.js';
import { askModel } from '../upstream/ask-model.js';
import { wordsOf } from '../upstream/error-words.js';
import { hasNoVectors, type Upstream } from '../upstream/failures.js';
import type { UpstreamHttp } from '../upstream/upstream-http.js';
import { field } from './chat-request.js';
import { EmbeddingsTranslator } from './embeddings-translator.js';

interface Asked {
  readonly upstream: Upstream;
  readonly http: UpstreamHttp;
  readonly request: ModelRequest;
  readonly order: EmbeddingsOrder;
}

/**
 * Asks for vectors by POST /embeddings. Vectors are asked for as base64, which is a fifth of the same numbers as text.
 * A server that does not know the field, or ignores it, answers with numbers.
 */
export function askForVectors({ upstream, http, request, order }: Asked): AsyncIterable<ModelEvent> {
  return askModel({
    upstream,
    request,
    body: () => toEmbeddingsRequest(request, order),
    ownFields: ['encoding_format'],
    send: (body, signal) => send(http, { body, upstream }, signal),
    translator: () => new EmbeddingsTranslator(order.input.length, upstream),
  });
}

function toEmbeddingsRequest({ model, sampling }: ModelRequest, { input, dimensions }: EmbeddingsOrder): JsonObject {
  return {
    model,
    input,
    encoding_format: 'base64',
    ...field('dimensions', dimensions),
    ...field('user', sampling.user),
  };
}

async function send(
  http: UpstreamHttp,
  { body, upstream }: { readonly body: JsonObject; readonly upstream: Upstream },
  signal: AbortSignal,
): Promise<AnswerBody> {
  try {
    return await http.post('/embeddings', body, signal);
  } catch (cause) {
    if (cause instanceof AnswerRefused && saysNoVectors(cause)) throw hasNoVectors(upstream.name);
    throw cause;
  }
}

/** Part of an error's text that is examined. */
const TEXT_CHARS_MAX = 2_000;
const ABOUT_MODEL =
  /\b(not|n't) (support|allowed to (generate|sample))[^.]{0,40}\bembeddings?\b|\bembeddings?\b[^.]{0,60}\b(not|un) ?(supported|enabled)|not an embeddings? model/i;

/** No such model for embeddings, or no such route. The model may be there for chats, so this says nothing of them. */
const NOT_THERE: ReadonlySet<number> = new Set([404, 405, 410, 501]);

/** By status, or in the words of OpenAI, llama.cpp, Ollama and vLLM, which come with any status. */
function saysNoVectors({ status, body }: AnswerRefused): boolean {
  const { message = '' } = wordsOf(body);
  return NOT_THERE.has(status) || ABOUT_MODEL.test(message.slice(0, TEXT_CHARS_MAX));
}
