import { LIMITS } from '#libs/contract';
import { otherFields } from '#libs/protocols';
import { extraFields } from '../../../../libs/protocols/src/openai-chat/request/extra-fields.js';
import { decodeChat, protocolNamed } from '../../../support/chat-request.js';

const messages = [{ role: 'user', content: 'hi' }];

test('fields of compatible servers are passed on as they are, known ones are not among them', () => {
  const own = {
    chat_template_kwargs: { enable_thinking: false },
    top_k: 20,
    min_p: 0.05,
    thinking: { type: 'disabled' },
  };
  const body = { model: 'm', messages, temperature: 1, stream: true, ...own };
  const draft = decodeChat(body, { otherFields: otherFields(protocolNamed('openai-chat').dto, body) });
  expect(draft.sampling).toEqual({ temperature: 1, extra: own });
  expect(draft.leftOut).toBeUndefined();
});

test('what no answer here has, and what is too much or has an odd name, is named', () => {
  const named = extraFields({ store: true, audio: {}, __proto__x: 1, 'a b': 1, top_k: 1, nothing: null });
  expect(named).toEqual({ extra: { top_k: 1 }, leftOut: ['store', 'audio', '__proto__x', 'a b'] });
  expect(extraFields({ store: false })).toEqual({ extra: {}, leftOut: [] });
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, i]));
  expect(extraFields(many).leftOut).toHaveLength(40 - LIMITS.extraFieldsMax);
  expect(extraFields({ big: 'x'.repeat(LIMITS.extraBytesMax), small: 1 }).leftOut).toEqual(['big', 'small']);
});

test('a schema beside json_object stays, whatever else stands there does not', () => {
  const decoded = (response_format: object): unknown =>
    decodeChat({ messages, response_format }).sampling.responseFormat;
  const schema = { type: 'object' };
  expect(decoded({ type: 'json_object', schema })).toEqual({ type: 'json_object', schema });
  expect(decoded({ type: 'json_object', schema: 'x' })).toEqual({ type: 'json_object' });
  expect(decoded({ type: 'text', schema })).toEqual({ type: 'text' });
});
