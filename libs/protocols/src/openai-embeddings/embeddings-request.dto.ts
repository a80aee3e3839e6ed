import { LIMITS } from '#libs/contract';
import { IsIntegerBetween, IsOneOf, IsText, IsTextOrList, Required, Rule } from '../dto/dto-rules.js';
import { Described, Example } from '../dto/dto-schema.js';

const IDENTIFIER_CHARS_MAX = 512;
const NO_STREAM = 'must be false: vectors come in one answer.';

const TOKENS = {
  type: 'array',
  items: { type: 'integer', minimum: 0 },
  minItems: 1,
  maxItems: LIMITS.embeddingTokensMax,
} as const;

/** The body of POST /v1/embeddings. `decode` checks the inputs, and names the exact place. */
@Example({ model: 'text-embedding-3-small', input: ['What is a talaria?', 'A winged sandal.'] })
export class EmbeddingsRequestDto {
  @Required()
  @IsText(LIMITS.modelNameCharsMax)
  model: string;

  @Required()
  @IsTextOrList(
    {
      items: { oneOf: [{ type: 'string', minLength: 1 }, { type: 'integer', minimum: 0 }, TOKENS] },
      minItems: 1,
    },
    { text: { type: 'string', minLength: 1 } },
  )
  @Described({
    description:
      'A text, an array of texts, a text as an array of tokens, or an array of such arrays: at most ' +
      `${LIMITS.embeddingInputsMax} inputs.`,
  })
  input: string | readonly unknown[];

  @IsOneOf('float', 'base64')
  @Described({ default: 'float', description: 'base64: 32-bit floats, little-endian.' })
  encoding_format?: 'float' | 'base64';

  @IsIntegerBetween(1, LIMITS.embeddingDimensionsMax)
  @Described('Of the vectors, where the model can shorten them.')
  dimensions?: number;

  @IsText(IDENTIFIER_CHARS_MAX)
  @Described('A stable id of the end user.')
  user?: string;

  @Rule((value) => value === false, NO_STREAM, 'unsupported_parameter', { const: false })
  stream?: false;
}
