import { LIMITS, type RunDraft } from '#libs/contract';
import { parseDto } from '#libs/protocols';
import { protocolNamed } from '../../../support/chat-request.js';

const protocol = protocolNamed('openai-embeddings');

function decode(body: object, messageTextCharsMax = 100): RunDraft {
  const dto = parseDto(protocol.dto, JSON.parse(JSON.stringify(body)));
  return protocol.decode(dto, { hermesClient: false, messageTextCharsMax });
}

describe('inputs', () => {
  test.each([
    ['a text', 'one', ['one']],
    ['texts', ['one', 'two'], ['one', 'two']],
    ['a text as tokens', [1, 0, 3], [[1, 0, 3]]],
    ['texts as tokens', [[1], [2, 3]], [[1], [2, 3]]],
  ])('%s', (_, input, texts) => {
    expect(decode({ model: 'm', input }).embed).toEqual({ input: texts });
  });

  test('a request has no messages, is not stored, and keeps its wishes', () => {
    const draft = decode({
      model: 'm',
      input: 'one',
      dimensions: 5,
      user: 'u',
      encoding_format: 'base64',
      stream: false,
    });
    expect(draft).toMatchObject({
      model: 'm',
      messages: [],
      stream: false,
      retain: false,
      embed: { dimensions: 5 },
      sampling: { user: 'u' },
      echo: { format: 'base64' },
    });
  });
});

describe('bad input names its place', () => {
  test.each([
    ['input', {}],
    ['model', { model: undefined }],
    ['input', { input: '' }],
    ['input', { input: [] }],
    ['input', { input: { text: 'one' } }],
    ['input[1]', { input: ['one', ''] }],
    ['input[1]', { input: ['one', 2] }],
    ['input[1]', { input: ['one', 'x'.repeat(101)] }],
    ['input[1]', { input: [[1], []] }],
    ['input[1]', { input: [[1], 'one'] }],
    ['input[1][1]', { input: [[1], [2, -1]] }],
    ['input[1]', { input: [1, 1.5] }],
    ['input', { input: Array.from({ length: LIMITS.embeddingInputsMax + 1 }, () => 'x') }],
    ['dimensions', { input: 'one', dimensions: 0 }],
    ['encoding_format', { input: 'one', encoding_format: 'int8' }],
    ['stream', { input: 'one', stream: true }],
    ['user', { input: 'one', user: 7 }],
  ])('%s of %j', (param, body) => {
    const sent = { model: 'm', ...body };
    expect(() => decode(sent)).toThrow(expect.objectContaining({ param }) as Error);
  });

  test('all inputs together are bounded in bytes', () => {
    const input = Array.from({ length: 9 }, () => 'x'.repeat(1_000_000));
    expect(() => decode({ model: 'm', input }, 2_000_000)).toThrow(
      expect.objectContaining({ param: 'input', code: 'string_above_max_length' }) as Error,
    );
  });
});
