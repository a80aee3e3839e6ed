import type { Tool } from '#libs/contract';
import { checkRegistry, createTools, toolsNamed } from '#libs/tools';

const settings = { fetchAllowedHosts: [] };
const tool: Tool = {
  name: 'a',
  description: 'does a',
  parameters: { type: 'object' },
  idempotent: true,
  execute: async () => ({ output: '' }),
};

describe('the registry of tools', () => {
  test('is in order', () => {
    expect(() => checkRegistry(createTools(settings))).not.toThrow();
  });

  test('gives tools by name, each once', () => {
    const names = ['http_fetch', 'current_time', 'http_fetch'];
    expect(toolsNamed(names, settings).map(({ name }) => name)).toEqual(['http_fetch', 'current_time']);
    expect(toolsNamed([], settings)).toEqual([]);
  });

  test('an unknown name is refused with the known ones', () => {
    expect(() => toolsNamed(['shell'], settings)).toThrow(
      "There is no tool 'shell'. Known tools: current_time, http_fetch.",
    );
  });

  test('a malformed setting is refused even when no tool needs it', () => {
    expect(() => toolsNamed([], { fetchAllowedHosts: ['10.0.0.0/99'] })).toThrow('10.0.0.0/99');
  });

  test.each<[string, Tool[], string]>([
    ['two of one name', [tool, tool], "share the name 'a'"],
    ['a name with a space', [{ ...tool, name: 'a b' }], 'does not match'],
    ['a name that is too long', [{ ...tool, name: 'a'.repeat(65) }], 'does not match'],
    ['no description', [{ ...tool, description: ' ' }], 'no description'],
    ['parameters that are no object', [{ ...tool, parameters: { type: 'string' } }], 'object schema'],
  ])('%s stops the start', (_what, tools, message) => {
    expect(() => checkRegistry(tools)).toThrow(message);
  });
});
