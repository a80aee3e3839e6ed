import { anthropicModels } from '../../../../libs/protocols/src/anthropic-messages/anthropic-models.js';

const models = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, ownedBy: 'up' }));
const page = (query: object) => {
  const { data, has_more, first_id, last_id } = anthropicModels.list(models, query);
  const ids = (data as readonly { readonly id: string }[]).map(({ id }) => id).join('');
  return { ids, has_more, first_id, last_id };
};

test.each([
  [{}, 'abcde', false],
  [{ limit: '2' }, 'ab', true],
  [{ limit: '2', after_id: 'b' }, 'cd', true],
  [{ limit: '2', after_id: 'd' }, 'e', false],
  [{ after_id: 'e' }, '', false],
  [{ limit: '2', before_id: 'd' }, 'bc', true],
  [{ limit: '9', before_id: 'c' }, 'ab', false],
])('%j: %s, more: %s', (query, ids, more) => {
  const last = ids.at(-1) ?? null;
  expect(page(query)).toEqual({ ids, has_more: more, first_id: ids[0] ?? null, last_id: last });
});

test.each([
  [{ limit: '0' }, 'limit'],
  [{ limit: 'x' }, 'limit'],
  [{ limit: '1001' }, 'limit'],
  [{ after_id: 'z' }, 'after_id'],
  [{ before_id: 'z' }, 'before_id'],
  [{ after_id: ['a', 'b'] }, 'after_id'],
  [{ after_id: 'a', before_id: 'c' }, 'before_id'],
])('%j is refused and named', (query, param) => {
  expect(() => page(query)).toThrow(expect.objectContaining({ code: 'invalid_request', param }) as Error);
});
