import { GatewayError } from '#libs/contract';
import { JobActionDto, parseDto } from '#libs/protocols';
import { protocolNamed } from '../../../support/chat-request.js';

const { dto } = protocolNamed('openai-chat');
const messages = [{ role: 'user', content: 'Hi' }];

function problemOf(body: unknown): GatewayError {
  try {
    parseDto(dto, body);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('the body was accepted');
}

describe('parseDto', () => {
  test('takes the known fields as they are and leaves the others', () => {
    const parsed = parseDto(dto, { messages, model: 'demo', temperature: 0, stream: 'true', colour: 'red' });
    expect(parsed).toEqual(Object.assign(new dto(), { messages, model: 'demo', temperature: 0, stream: 'true' }));
    expect(parsed).toBeInstanceOf(dto);
  });

  test('a class without fields takes an empty object, and refuses fields by name', () => {
    expect(parseDto(JobActionDto, {})).toEqual({});
    expect(() => parseDto(JobActionDto, { at: 1 })).toThrow(expect.objectContaining({ param: 'at' }));
  });

  test('null counts as absent', () => {
    expect(Object.keys(parseDto(dto, { messages, model: null, n: null, functions: null }))).toEqual(['messages']);
    expect(problemOf({ messages: null })).toMatchObject({ code: 'missing_required_parameter', param: 'messages' });
  });

  test('keys of the prototype go nowhere', () => {
    const body: unknown = JSON.parse(
      '{"messages":[{"role":"user","content":"Hi"}],"__proto__":{"model":"evil"},"constructor":{"a":1},"prototype":1}',
    );
    const parsed = parseDto(dto, body);
    expect(Object.keys(parsed)).toEqual(['messages']);
    expect(Object.getPrototypeOf(parsed)).toBe(dto.prototype);
    expect(parsed).not.toHaveProperty('model');
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('inherited fields are not read', () => {
    const body = Object.assign(Object.create({ model: 'inherited' }) as object, { messages });
    expect(Object.keys(parseDto(dto, body))).toEqual(['messages']);
  });

  test.each([[[]], [[{ messages }]], ['text'], [5], [true], [null], [undefined]])('refuses the body %j', (body) => {
    expect(problemOf(body)).toMatchObject({ code: 'invalid_request', message: 'The body must be a JSON object.' });
  });

  test('reports the first problem only, in one sentence', () => {
    expect(problemOf({ messages, top_p: 7, temperature: 3 })).toMatchObject({
      code: 'invalid_request',
      param: 'temperature',
      message: "'temperature' must be a number between 0 and 2.",
    });
    expect(problemOf({ temperature: 3 })).toMatchObject({
      code: 'missing_required_parameter',
      param: 'messages',
      message: "'messages' is required.",
    });
  });

  test.each(['temperature', 'top_p', 'max_tokens', 'seed', 'presence_penalty', 'frequency_penalty', 'top_logprobs'])(
    'a %s that is not finite is refused',
    (field) => {
      // 1e400 is how a client gets Infinity through JSON.
      const infinite: unknown = JSON.parse(`{"messages":[],"${field}":1e400}`.replace('[]', JSON.stringify(messages)));
      expect(problemOf(infinite)).toMatchObject({ code: 'invalid_request', param: field });
      expect(problemOf({ messages, [field]: NaN })).toMatchObject({ code: 'invalid_request', param: field });
    },
  );

  test('a value does not become part of the message', () => {
    expect(problemOf({ messages, verbosity: '$property $value' }).message).toBe(
      "'verbosity' must be one of low, medium, high.",
    );
  });
});
