import fc from '../../../../support/property.js';
import { toolNameOf } from '../../../../../libs/tools/src/mcp/tools/tool-names.js';

test.each([
  ['github', 'create_issue', 'github__create_issue'],
  ['fs', 'read file.v2', 'fs__read_file_v2'],
  ['x', '名前', 'x____'],
])('%s and %s', (server, tool, name) => {
  expect(toolNameOf(server, tool)).toBe(name);
});

test('whatever a tool is called, upstreams take the name; long names differ as the tools do', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-zA-Z0-9-]{1,32}$/),
      fc.string({ unit: 'binary', maxLength: 200 }),
      (server, tool) => {
        expect(toolNameOf(server, tool)).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      },
    ),
  );
  const long = 'x'.repeat(80);
  expect(toolNameOf('s', `${long}a`)).not.toBe(toolNameOf('s', `${long}b`));
});
