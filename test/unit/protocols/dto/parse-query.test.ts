import { GatewayError } from '#libs/contract';
import { IsIntegerBetween, IsOneOf, IsString, IsTrueOrFalse, parseQuery, Rule } from '#libs/protocols';

class Query {
  @IsIntegerBetween(1, 100)
  limit: number = 20;

  @IsOneOf('asc', 'desc')
  order?: string;

  @IsTrueOrFalse()
  all: boolean = false;

  @Rule(Number.isSafeInteger, 'must be a number.', 'invalid_cursor', { type: 'integer' })
  seq?: number;

  @IsString()
  after?: string;
}

const read = (query: Readonly<Record<string, unknown>>) => ({ ...parseQuery(Query, query) });

function refusal(query: Readonly<Record<string, unknown>>) {
  try {
    parseQuery(Query, query);
  } catch (error) {
    if (error instanceof GatewayError) return [error.code, error.param, error.message];
    throw error;
  }
  throw new Error('the query was accepted');
}

describe('parseQuery', () => {
  test('an empty query is all defaults, and unknown parameters are ignored', () => {
    expect(read({})).toEqual({ limit: 20, all: false });
    expect(read({ colour: 'red', __proto__: { order: 'asc' } })).toEqual({ limit: 20, all: false });
  });

  test('numbers and flags are read from their text', () => {
    expect(read({ limit: '7', all: 'TRUE', seq: '0', after: '' })).toEqual({ limit: 7, all: true, seq: 0, after: '' });
    expect(read({ all: '1' })).toMatchObject({ all: true });
    expect(['false', 'FALSE', '0'].map((all) => read({ all }).all)).toEqual([false, false, false]);
  });

  test.each(['yes', 'no', '', 'tru', '2', ' true', 'null', 'on'])('%j is no flag', (all) => {
    expect(refusal({ all })).toEqual(['invalid_request', 'all', "'all' must be true or false."]);
  });

  test.each(['0', '101', '', '1e1', '-1', '1.5', ' 1', '0x10', '٧', '9'.repeat(16)])('%j is no limit', (limit) => {
    expect(refusal({ limit })).toEqual(['invalid_request', 'limit', "'limit' must be an integer between 1 and 100."]);
  });

  test('the first problem is told, in the order of the class', () => {
    expect(refusal({ order: 'up', limit: '0' })).toEqual([
      'invalid_request',
      'limit',
      "'limit' must be an integer between 1 and 100.",
    ]);
  });

  test('a parameter that is given twice is refused with the code of its own rule', () => {
    expect(refusal({ after: ['a', 'b'] })).toEqual(['invalid_request', 'after', "'after' must be given once."]);
    expect(refusal({ seq: ['1', '2'] })).toEqual(['invalid_cursor', 'seq', "'seq' must be given once."]);
  });
});
