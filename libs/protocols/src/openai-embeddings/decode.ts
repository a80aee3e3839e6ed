import { LIMITS, type EmbeddingsOrder, type RunDraft } from '#libs/contract';
import type { DecodeContext } from '../protocol/request-context.js';
import { listOf, refuse } from '../request-place.js';
import type { EmbeddingsRequestDto } from './embeddings-request.dto.js';

export const NAME = 'openai-embeddings';

/**
 * The run that a checked body asks for: it has no messages, and its content is not stored. Throws GatewayError of
 * status 400 that names the exact place, `input[3]`.
 */
export function decode(dto: EmbeddingsRequestDto, context: DecodeContext): RunDraft {
  const { model, dimensions, user, encoding_format: format = 'float' } = dto;
  return {
    protocol: NAME,
    model,
    messages: [],
    tools: [],
    toolChoice: { kind: 'none' },
    sampling: { ...(user !== undefined && { user }) },
    embed: {
      input: inputsOf(dto.input, context.messageTextCharsMax),
      ...(dimensions !== undefined && { dimensions }),
    },
    onDisconnect: context.onDisconnect ?? 'cancel',
    stream: false,
    retain: false,
    echo: { format },
  };
}

function inputsOf(input: string | readonly unknown[], charsMax: number): EmbeddingsOrder['input'] {
  const inputs = readInputs(input, charsMax);
  const bytes = Buffer.byteLength(JSON.stringify(inputs));
  if (bytes <= LIMITS.embeddingInputBytesMax) return inputs;
  const { embeddingInputBytesMax } = LIMITS;
  throw refuse(
    'input',
    `has ${bytes} bytes; at most ${embeddingInputBytesMax} are allowed.`,
    'string_above_max_length',
  );
}

function readInputs(input: string | readonly unknown[], charsMax: number): EmbeddingsOrder['input'] {
  if (typeof input === 'string') return [textOf(input, 'input', charsMax)];
  // An array of numbers is one input.
  if (typeof input[0] === 'number') return [tokensOf(input, 'input')];
  const list = listOf(input, 'input', LIMITS.embeddingInputsMax);
  if (Array.isArray(list[0])) return list.map((tokens, i) => tokensOf(tokens, `input[${i}]`));
  return list.map((text, i) => textOf(text, `input[${i}]`, charsMax));
}

function textOf(text: unknown, path: string, charsMax: number): string {
  if (typeof text !== 'string') throw refuse(path, 'must be a string like the other inputs.');
  if (text === '') throw refuse(path, 'must not be empty.');
  if (text.length <= charsMax) return text;
  throw refuse(path, `must have at most ${charsMax} characters.`, 'string_above_max_length');
}

function tokensOf(value: unknown, path: string): readonly number[] {
  const tokens = listOf(value, path, LIMITS.embeddingTokensMax);
  if (tokens.length === 0) throw refuse(path, 'must not be empty.');
  const wrong = tokens.findIndex((token) => !Number.isSafeInteger(token) || Number(token) < 0);
  if (wrong >= 0) throw refuse(`${path}[${wrong}]`, 'must be a token: an integer of at least 0.');
  return tokens as readonly number[];
}
