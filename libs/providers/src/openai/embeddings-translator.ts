import {
  GatewayError,
  isJsonObject,
  LIMITS,
  NO_USAGE,
  type JsonObject,
  type JsonValue,
  type ModelEvent,
  type Usage,
} from '#libs/contract';
import { failureInStream, upstreamError, type Upstream } from '../upstream/failures.js';
import { UPSTREAM_LIMITS } from '../upstream/limits.js';
import type { Translator } from '../upstream/read-answer.js';

const FLOAT_BYTES = 4;

/** Model events of one answer of POST /embeddings. Its vectors come as base64 or as numbers, in any order. */
export class EmbeddingsTranslator implements Translator {
  readonly wholeBytesMax = UPSTREAM_LIMITS.vectorsBytesMax;
  finished = false;
  done = false;
  private events: ModelEvent[] = [];
  private usage: Usage = NO_USAGE;

  /** @param count of the inputs. */
  constructor(
    private readonly count: number,
    private readonly upstream: Pick<Upstream, 'name' | 'apiKey'>,
  ) {}

  readEvent(): void {
    throw this.invalid('answered with a stream');
  }

  readWhole(answer: JsonValue): void {
    if (!isJsonObject(answer)) throw this.invalid('answered without vectors');
    if (answer['error']) throw failureInStream(answer['error'], this.upstream);
    const vectors = this.inOrder(answer['data']);
    this.events = packed(vectors).map((some) => ({ type: 'vectors', vectors: some }));
    this.usage = usageOf(answer['usage']);
    this.finished = true;
    this.done = true;
  }

  take(): readonly ModelEvent[] {
    const { events } = this;
    this.events = [];
    return events;
  }

  end(): readonly ModelEvent[] {
    if (!this.finished) throw upstreamError(this.upstream.name, 'upstream_cut', 'ended its answer before it began');
    return [...this.take(), { type: 'end', finishReason: 'stop', usage: this.usage }];
  }

  /** One vector for each input. Entries without `index` stand in the order of the inputs. */
  private inOrder(data: JsonValue | undefined): readonly string[] {
    if (!Array.isArray(data)) throw this.invalid('answered without vectors');
    const list: readonly JsonValue[] = data;
    const vectors = new Map<unknown, string>();
    list.forEach((entry, i) => {
      if (!isJsonObject(entry)) throw this.invalid('answered without vectors');
      vectors.set(entry['index'] ?? i, this.base64Of(entry['embedding']));
    });
    const inOrder = Array.from({ length: this.count }, (_, i) => vectors.get(i));
    const found = inOrder.filter((vector) => vector !== undefined);
    if (list.length !== this.count || found.length !== this.count) {
      throw this.invalid(`answered with ${found.length} vectors for ${this.count} inputs`);
    }
    return found;
  }

  private base64Of(vector: JsonValue | undefined): string {
    if (typeof vector === 'string') {
      const bytes = Buffer.from(vector, 'base64');
      // Characters that are not base64 would be skipped.
      const isWhole = bytes.length === Buffer.byteLength(vector, 'base64');
      if (isWhole && bytes.length > 0 && bytes.length % FLOAT_BYTES === 0) return bytes.toString('base64');
    }
    if (Array.isArray(vector) && vector.length > 0 && vector.every(isFloat)) {
      return base64OfNumbers(vector as readonly number[]);
    }
    throw this.invalid('answered with something that is not a vector');
  }

  private invalid(what: string): GatewayError {
    return upstreamError(this.upstream.name, 'upstream_invalid', what);
  }
}

/** Whether it is a number that a 32-bit float can hold. */
const isFloat = (value: JsonValue): boolean => typeof value === 'number' && Number.isFinite(Math.fround(value));

function base64OfNumbers(numbers: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(numbers.length * FLOAT_BYTES);
  numbers.forEach((value, i) => bytes.writeFloatLE(value, i * FLOAT_BYTES));
  return bytes.toString('base64');
}

/** The vectors in pieces of LIMITS.embeddingEventCharsMax. Throws when all of them are more than an answer may have. */
function packed(vectors: readonly string[]): string[][] {
  const { embeddingEventCharsMax } = LIMITS;
  const charsMax = LIMITS.embeddingVectorsCharsMax;
  const pieces: string[][] = [];
  let all = 0;
  let piece = 0;
  for (const vector of vectors) {
    all += vector.length;
    piece += vector.length;
    const last = pieces.at(-1);
    if (last && piece <= embeddingEventCharsMax) last.push(vector);
    else {
      pieces.push([vector]);
      piece = vector.length;
    }
  }
  if (all <= charsMax) return pieces;
  const what = `The vectors have ${all} characters as base64, and at most ${charsMax} fit into an answer.`;
  throw new GatewayError('invalid_request', `${what} Send fewer inputs at once, or ask for fewer dimensions.`, {
    param: 'input',
  });
}

function usageOf(usage: JsonValue | undefined): Usage {
  const counts: JsonObject = isJsonObject(usage) ? usage : {};
  const tokens = [counts['prompt_tokens'], counts['total_tokens']].find((count) => Number.isSafeInteger(count));
  return { ...NO_USAGE, inputTokens: Math.max(0, Number(tokens ?? 0)) };
}
