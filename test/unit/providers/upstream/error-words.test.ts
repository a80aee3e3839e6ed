import { codeOfStatus, codeOfWords, isUnknownModel } from '../../../../libs/providers/src/upstream/error-codes.js';
import { wordsOf } from '../../../../libs/providers/src/upstream/error-words.js';
import { waitInWords } from '../../../../libs/providers/src/upstream/retry-after.js';

const SAID = 'It is wrong.';
test.each<[string, unknown]>([
  ['OpenAI', { error: { message: SAID, type: 'invalid_request_error', param: null, code: null } }],
  ['Anthropic', { type: 'error', error: { type: 'invalid_request_error', message: SAID } }],
  ['a list, Gemini', [{ error: { code: 400, message: SAID, status: 'INVALID_ARGUMENT' } }]],
  ['without a frame, Mistral and vLLM', { object: 'error', message: SAID, type: 'invalid_request_error', code: 3051 }],
  ['a message that is an object, Mistral', { object: 'error', message: { detail: [{ loc: ['body'], msg: SAID }] } }],
  ['a detail, FastAPI', { detail: SAID }],
  ['a list of details, FastAPI', { detail: [{ loc: ['body', 'x'], msg: SAID, type: 'value_error' }] }],
  ['an object as detail', { detail: { message: SAID } }],
  ['a string, Ollama', { error: SAID }],
  ['a message, AWS', { message: SAID, request_id: 'r' }],
  ['a list of errors, Cloudflare', { success: false, errors: [{ code: 7003, message: SAID }] }],
  ['text', SAID],
  ['JSON within the text', { error: { message: JSON.stringify({ error: { message: SAID } }) } }],
])('the words are found: %s', (_shape, body) => {
  expect(wordsOf(body).message).toBe(SAID);
});

test.each<[unknown]>([['<html><title>x</title>'], [''], [null], [7], [{}], [[]], [{ error: null }], [{ error: [] }]])(
  '%j says nothing',
  (body) => {
    expect(wordsOf(body).message).toBeUndefined();
  },
);

test('codes, types and fields are read beside the words', () => {
  expect(wordsOf({ error: { code: 400, message: SAID, param: 'top_p' } })).toMatchObject({
    code: '400',
    param: 'top_p',
  });
  expect(wordsOf({ detail: [{ loc: ['body', 'stream_options'], msg: SAID, type: 'extra_forbidden' }] })).toEqual({
    ...{ message: SAID, param: 'stream_options', type: 'extra_forbidden' },
  });
  expect(wordsOf([{ error: { message: SAID, status: 'RESOURCE_EXHAUSTED' } }]).type).toBe('RESOURCE_EXHAUSTED');
});

test('errors within errors are looked at to a depth, not for ever', () => {
  const deep = Array.from({ length: 1_000 }).reduce<object>((inner) => ({ error: inner }), { message: SAID });
  expect(wordsOf(deep)).toEqual({});
});

describe('a conversation that is too long, in words', () => {
  test.each([
    "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion). Please reduce the length of the messages or max_tokens.",
    'the request exceeds the available context size. try increasing the context size or enable context shift',
    'Prompt contains 40000 tokens, too large for model with 32768 maximum context length',
    "This endpoint's maximum context length is 131072 tokens. However, you requested about 200000 tokens.",
    'prompt is too long: 210000 tokens > 200000 maximum',
    'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens`; maximum context length',
    'The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).',
    'Input is too long for requested model.',
    '`inputs` must have less than 4096 tokens. Given: 9000',
    'Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens: context length exceeded',
  ])('%s', (message) => {
    expect(codeOfWords({ message, type: 'BadRequestError', code: '400' })).toBe('context_length_exceeded');
    expect(codeOfWords({ message, type: 'invalid_request_error' })).toBe('context_length_exceeded');
  });

  test.each([
    'Rate limit reached for tokens per minute (TPM): Limit 30000, Requested 40000. The request is too large for the model.',
    'max_tokens is too large: 100000. This model supports at most 16384 completion tokens.',
    'Your name is too long',
    'Invalid request',
  ])('not: %s', (message) => {
    expect(codeOfWords({ message })).toBeUndefined();
  });
});

test.each<[string, object, number]>([
  ['Please retry in 2.5s.', {}, 2_500],
  ['Rate limit reached. Please try again in 343ms. Visit https://x.example', {}, 343],
  ['Please try again in 1m12.5s.', {}, 72_500],
  ['try again in 6h0m0s', {}, 21_600_000],
  ['Requests have exceeded the limit. Please retry after 26 seconds.', {}, 26_000],
  ['Please wait 3 minutes', {}, 180_000],
  ['You may try your request again in 2 s', {}, 2_000],
  ['quota', { waitSeconds: 41.5 }, 41_500],
])('%s %j: %i ms', (message, more, ms) => {
  expect(waitInWords({ message, ...more })).toBe(ms);
});

test.each(['try again later', 'retry in a moment', 'after 3 tries', 'in 20s', 'please retry 3 times'])(
  '%s says no time to wait',
  (message) => {
    expect(waitInWords({ message })).toBeUndefined();
  },
);

test("Google's RetryInfo and a number of seconds are a wait, too", () => {
  const details = [{ '@type': 'x' }, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '17s' }];
  expect(wordsOf([{ error: { code: 429, message: SAID, details } }]).waitSeconds).toBe(17);
  expect(wordsOf({ message: SAID, retry_after: 0.5 }).waitSeconds).toBe(0.5);
});

test('a huge text costs next to nothing', () => {
  const huge = 'try again in 1 '.repeat(100_000);
  expect(waitInWords({ message: huge })).toBeUndefined();
  expect(codeOfWords({ message: 'context window '.repeat(100_000) })).toBeUndefined();
});

test.each<[object, number | undefined, boolean]>([
  [{}, 404, true],
  [{}, 410, true],
  [{ code: 'model_decommissioned' }, 400, true],
  [{ message: 'The model `x` does not exist or you do not have access to it.' }, 400, true],
  [{ message: 'Model Not Exist' }, 400, true],
  [{ message: 'No endpoints found for x.' }, undefined, true],
  [{ message: 'temperature is wrong' }, 400, false],
  [{ message: 'The image was not found' }, 400, false],
])('%j with %s: another upstream may have the model: %s', (words, status, expected) => {
  expect(isUnknownModel(codeOfStatus(status ?? 400), words, status)).toBe(expected);
});
