import { checkProtocols, PROTOCOLS, schemaOf, type Protocol } from '#libs/protocols';
import { protocolNamed } from '../../support/chat-request.js';

describe('checkRegistry', () => {
  const like = (fields: Partial<Protocol>): Protocol => ({ ...protocolNamed('openai-chat'), ...fields });

  test('the list that ships is fine', () => expect(() => checkProtocols(PROTOCOLS)).not.toThrow());

  test.each([
    ['name', [like({}), like({ path: '/other' })]],
    ['path', [like({}), like({ name: 'other' })]],
    ['path', [like({}), like({ name: 'other', path: '/other', aliases: ['/v1/chat/completions'] })]],
    ['path', [like({ aliases: ['/a', '/a'] })]],
    ['slash', [like({ path: 'v1/chat/completions' })]],
  ])('refuses a shared %s or a path that is not absolute (%#)', (what, protocols) => {
    expect(() => checkProtocols(protocols)).toThrow(what);
  });

  test('every protocol documents its body, with an example that it accepts', () => {
    for (const { dto } of PROTOCOLS) {
      const requestSchema = schemaOf(dto);
      expect(requestSchema).toMatchObject({ type: 'object', example: expect.any(Object) as object });
      expect(Object.keys(requestSchema['properties'] as object)).toEqual(expect.arrayContaining(['model', 'stream']));
      expect(new dto()).toBeInstanceOf(dto);
    }
  });
});
