import type { CallToolResult } from '@modelcontextprotocol/client';
import { mcpResult } from '../../../../../libs/tools/src/mcp/tools/result-parts.js';

const png = { type: 'image', mimeType: 'image/png', data: 'iVBORw0KGgo=' } as const;
const resource = (
  fields: { text: string } | { blob: string; mimeType?: string },
): CallToolResult['content'][number] => ({
  type: 'resource',
  resource: { uri: 'file:///y', ...fields },
});

test.each<[what: string, content: CallToolResult['content'], output: string, images: string[]]>([
  ['text', [{ type: 'text', text: 'a' }], 'a', []],
  ['an image', [png], '[image, image/png, 9 bytes]', ['data:image/png;base64,iVBORw0KGgo=']],
  [
    'an image in a format that no model takes',
    [{ ...png, mimeType: 'image/tiff' }],
    '[image, image/tiff, 9 bytes]',
    [],
  ],
  ['sound', [{ type: 'audio', mimeType: 'audio/wav', data: 'AAAA' }], '[audio, audio/wav, 3 bytes]', []],
  ['a link', [{ type: 'resource_link', uri: 'file:///x', name: 'x' }], '[resource file:///x]', []],
  ['an embedded text', [resource({ text: 'RES' })], 'RES', []],
  ['an embedded text, packed', [resource({ blob: 'UkVT', mimeType: 'text/plain' })], 'RES', []],
  [
    'an embedded image',
    [resource({ blob: 'AA\nAA', mimeType: 'Image/JPEG' })],
    '[resource file:///y, Image/JPEG, 3 bytes]',
    ['data:image/jpeg;base64,AAAA'],
  ],
  ['an embedded file', [resource({ blob: 'AAAA' })], '[resource file:///y, unknown type, 3 bytes]', []],
])('%s', (_what, content, output, images) => {
  expect(mcpResult({ content }, true)).toEqual({ output, isError: false, ...(images.length > 0 && { images }) });
});

test('images are told and not shown where models do not see', () => {
  expect(mcpResult({ content: [png] }, false)).toEqual({ output: '[image, image/png, 9 bytes]', isError: false });
});
