import type { Tool } from '#libs/contract';
import { LiveTrees } from '../../../libs/tools/src/processes/live-trees.js';
import { checkToolList, createTools, type BuiltInSettings } from '../../../libs/tools/src/registry.js';

const settings: BuiltInSettings = {
  fetchAllowedHosts: [],
  workspaceDir: '/nowhere',
  terminalCommand: ['/bin/sh', '-c'],
  terminalPath: '/bin',
};
const tool: Tool = {
  name: 'a',
  description: 'does a',
  parameters: { type: 'object' },
  idempotent: true,
  approval: 'never',
  execute: async () => ({ output: '' }),
};

describe('the registry of tools', () => {
  const tools = createTools(settings, new LiveTrees());

  test('is in order', () => {
    expect(() => checkToolList(tools)).not.toThrow();
  });

  test('only the terminal asks for approval by itself, and what has effects is not repeated', () => {
    expect(tools.filter(({ approval }) => approval === 'always').map(({ name }) => name)).toEqual(['terminal']);
    expect(tools.filter(({ idempotent }) => !idempotent).map(({ name }) => name)).toEqual(['file_patch', 'terminal']);
  });

  test('a malformed setting is refused', () => {
    const wrong = { ...settings, fetchAllowedHosts: ['10.0.0.0/99'] };
    expect(() => createTools(wrong, new LiveTrees())).toThrow('10.0.0.0/99');
  });

  test.each<[string, Tool[], string]>([
    ['two of one name', [tool, tool], "share the name 'a'"],
    ['a name with a space', [{ ...tool, name: 'a b' }], 'does not match'],
    ['a name that is too long', [{ ...tool, name: 'a'.repeat(65) }], 'does not match'],
    ['no description', [{ ...tool, description: ' ' }], 'no description'],
    ['parameters that are no object', [{ ...tool, parameters: { type: 'string' } }], 'object schema'],
  ])('%s stops the start', (_what, wrong, message) => {
    expect(() => checkToolList(wrong)).toThrow(message);
  });
});
