import { parseQuery } from '#libs/protocols';
import { RunEventsQuery } from '../../../../apps/api/src/runs-api/run.queries.js';
import { ResponseQuery } from '../../../../apps/api/src/responses/response.queries.js';

const NO_NUMBERS = ['', 'abc', '-1', '1.5', '1e3', 'run_1:7', '1152921504606846976', '\0', ' 1', '9'.repeat(16)];

describe.each([
  ['after_seq', (text: string) => parseQuery(RunEventsQuery, { after_seq: text }).after_seq],
  ['starting_after', (text: string) => parseQuery(ResponseQuery, { starting_after: text }).starting_after],
])('the cursor %s', (param, read) => {
  test.each(['0', '7', '123456789012345'])('%s is one', (text) => expect(read(text)).toBe(Number(text)));

  test.each(NO_NUMBERS)('%j is none', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'invalid_cursor', param }) as Error);
  });
});
