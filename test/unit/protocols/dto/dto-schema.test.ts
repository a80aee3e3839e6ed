import { GatewayError } from '#libs/contract';
import {
  Described,
  HasElementsUpTo,
  IsIntegerBetween,
  IsList,
  IsString,
  KeepsNull,
  NothingElse,
  parseDto,
  Required,
  Rule,
  schemaOf,
} from '#libs/protocols';

class BaseDto {
  @IsString()
  @Described('A word.')
  word?: string;
}

@NothingElse('is not known.')
class SomeDto extends BaseDto {
  @Required()
  @IsList({ type: 'string' })
  @HasElementsUpTo(2)
  list: readonly unknown[];

  @IsIntegerBetween(1, 9)
  count: number = 3;

  @KeepsNull()
  @IsString()
  note?: string | null;

  @Rule((value) => value === '', 'must be empty.', 'unsupported_parameter')
  hidden?: string;
}

const refusal = (body: unknown, path?: string): unknown => {
  try {
    parseDto(SomeDto, body, path);
  } catch (error) {
    if (error instanceof GatewayError) return [error.code, error.param, error.message];
    throw error;
  }
  return undefined;
};

describe('a DTO class', () => {
  test('yields the schema of its rules: own fields first, defaults from a new instance, hidden fields left out', () => {
    expect(JSON.stringify(schemaOf(SomeDto))).toBe(
      JSON.stringify({
        type: 'object',
        properties: {
          list: { type: 'array', items: { type: 'string' }, maxItems: 2 },
          count: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
          note: { type: 'string' },
          word: { type: 'string', description: 'A word.' },
        },
        required: ['list'],
        additionalProperties: false,
      }),
    );
  });

  test('is parsed inside of a body with the whole path in every refusal', () => {
    expect(refusal({ list: [], count: 0 }, 'a.b')).toEqual([
      'invalid_request',
      'a.b.count',
      "'a.b.count' must be an integer between 1 and 9.",
    ]);
    expect(refusal({}, 'a[0]')).toEqual(['missing_required_parameter', 'a[0].list', "'a[0].list' is required."]);
    expect(refusal([1], 'a')).toEqual(['invalid_request', 'a', "'a' must be an object."]);
  });

  test('keeps null only where null has a meaning', () => {
    expect({ ...parseDto(SomeDto, { list: [], note: null, word: null, count: null }) }).toEqual({
      list: [],
      note: null,
      count: 3,
    });
  });

  test('refuses other fields if it says so', () => {
    expect(refusal({ list: [], constructor: 1 })).toEqual([
      'invalid_request',
      'constructor',
      "'constructor' is not known.",
    ]);
  });
});
