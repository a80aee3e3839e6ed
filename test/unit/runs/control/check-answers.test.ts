import type { JsonObject, JsonValue } from '#libs/contract';
import { readAnswers } from '../../../../libs/runs/src/control/check-answers.js';

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 2, maxLength: 5 },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    size: { type: 'number' },
    isNew: { type: 'boolean' },
    color: { type: 'string', enum: ['red', 'blue'] },
    shape: { type: 'string', oneOf: [{ const: 'o', title: 'Round' }] },
    tags: { type: 'array', items: { anyOf: [{ const: 'a' }, { const: 'b' }] }, minItems: 1, maxItems: 2 },
  },
  required: ['name'],
};
const form = { id: 'who', message: 'Who?', schema };
const text = {
  id: 'answer',
  message: 'Which?',
  schema: { type: 'object', properties: { answer: { type: 'string', minLength: 1 } }, required: ['answer'] },
};
const page = { id: 'login', message: 'Log in', schema: { type: 'object', properties: {} }, url: 'https://x.test/' };
const read = (given: JsonValue | undefined, ...questions: (typeof form | typeof text | typeof page)[]): JsonObject =>
  readAnswers({ questions, state: {} }, given);

test.each<[given: JsonValue, questions: (typeof form | typeof text | typeof page)[], answers: JsonObject]>([
  ['blue', [text], { answer: { answer: 'blue' } }],
  [{ answer: 'blue' }, [text], { answer: { answer: 'blue' } }],
  [{ answer: { answer: 'blue' } }, [text], { answer: { answer: 'blue' } }],
  [{ name: 'Ada' }, [form], { who: { name: 'Ada' } }],
  [
    { who: { name: 'Ada', age: 3, size: 1.5, isNew: true, color: 'red', shape: 'o', tags: ['a'] }, answer: 'x' },
    [form, text],
    {
      who: { name: 'Ada', age: 3, size: 1.5, isNew: true, color: 'red', shape: 'o', tags: ['a'] },
      answer: { answer: 'x' },
    },
  ],
  [{}, [page], { login: {} }],
])('%j is taken', (given, questions, answers) => {
  expect(read(given, ...questions)).toEqual(answers);
});

test.each<[given: JsonValue | undefined, place: string]>([
  [undefined, 'answers'],
  ['x'.repeat(20_000), 'answers'],
  [{}, 'answers.who.name'],
  [{ who: 5 }, 'answers.who'],
  [{ who: { name: 'Ada' }, what: {} }, 'answers.what'],
  [{ name: 5 }, 'answers.who.name'],
  [{ name: 'A' }, 'answers.who.name'],
  [{ name: 'Adelaide' }, 'answers.who.name'],
  [{ name: 'Ada', age: 1.5 }, 'answers.who.age'],
  [{ name: 'Ada', age: 151 }, 'answers.who.age'],
  [{ name: 'Ada', age: '3' }, 'answers.who.age'],
  [{ name: 'Ada', size: null }, 'answers.who.size'],
  [{ name: 'Ada', isNew: 'yes' }, 'answers.who.isNew'],
  [{ name: 'Ada', color: 'green' }, 'answers.who.color'],
  [{ name: 'Ada', shape: 'Round' }, 'answers.who.shape'],
  [{ name: 'Ada', tags: [] }, 'answers.who.tags'],
  [{ name: 'Ada', tags: ['a', 'c'] }, 'answers.who.tags'],
  [{ name: 'Ada', other: 1 }, 'answers.who.other'],
  [{ name: 'Ada', constructor: 1 }, 'answers.who.constructor'],
])('%j is refused with its place', (given, place) => {
  expect(() => read(given, form)).toThrow(expect.objectContaining({ code: 'invalid_request', param: place }));
});
