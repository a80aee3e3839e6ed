import { isTerminal, type JsonObject, type LoggedEvent, type RunSnapshot } from '#libs/contract';
import { errorBody } from '../error-body.js';
import { defineProtocol, type Encoded } from '../protocol/protocol.js';
import { NO_FRAMES } from '../sse-frame.js';
import { decode, NAME } from './decode.js';
import { EmbeddingsRequestDto } from './embeddings-request.dto.js';

/** POST /v1/embeddings, as the OpenAI API reference has it. Its run asks the model once, for vectors. */
export const openaiEmbeddings = defineProtocol({
  name: NAME,
  path: '/v1/embeddings',
  aliases: ['/embeddings'],
  dto: EmbeddingsRequestDto,
  decode,
  // No request of this protocol streams; the frame below only keeps the rule that a failed stream says so.
  begin: () => ({ ended: false }),
  encode,
  final,
  saysWhoServed: true,
  error: errorBody,
  capabilities: {
    features: ['embeddings'],
    endpoints: { embeddings: { method: 'POST', path: '/v1/embeddings' } },
  },
});

interface State {
  readonly ended: boolean;
}

function encode(state: State, event: LoggedEvent): Encoded<State> {
  if (!isTerminal(event)) return [state, NO_FRAMES];
  const failed = event.type === 'run.failed' ? [{ data: JSON.stringify(errorBody(event.error)) }] : NO_FRAMES;
  return [{ ended: true }, failed];
}

/** The list of vectors, in the order of the inputs and in the form that was asked for. */
function final({ items, model, usage, echo }: RunSnapshot): JsonObject {
  const vectors = items.flatMap((item) =>
    item.type === 'text' && item.status === 'completed' ? (item.vectors ?? []) : [],
  );
  const form = echo['format'] === 'base64' ? (vector: string) => vector : numbersOf;
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: form(vector) })),
    model,
    usage: { prompt_tokens: usage.inputTokens, total_tokens: usage.inputTokens },
  };
}

function numbersOf(vector: string): number[] {
  const bytes = Buffer.from(vector, 'base64');
  return Array.from({ length: bytes.length / FLOAT_BYTES }, (_, i) => bytes.readFloatLE(i * FLOAT_BYTES));
}

const FLOAT_BYTES = 4;
