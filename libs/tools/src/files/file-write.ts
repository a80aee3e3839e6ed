import type { Tool } from '#libs/contract';
import { answeringRefusals } from '../workspace/refusal.js';
import { parseFilePath } from '../workspace/workspace-path.js';
import type { Workspaces } from '../workspace/workspaces.js';
import { textArgument } from '../workspace/arguments.js';
import { bytesOf } from './text-file.js';

/** `file_write`: a whole text file of the workspace, new or in place of the old one. */
export function fileWrite(workspaces: Workspaces): Tool {
  return {
    name: 'file_write',
    description:
      'Writes a text file of the workspace, and the folders above it. An existing file is replaced as a whole; use ' +
      'file_patch to change a part of one.',
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', description: 'Relative to the workspace.' },
        content: { type: 'string', description: 'The whole content of the file.' },
      },
      required: ['path', 'content'],
      additionalProperties: false,
    },
    // A repetition writes the same content.
    idempotent: true,
    approval: 'never',
    execute: answeringRefusals(async (args, context) => {
      const path = parseFilePath(textArgument(args, 'path'));
      const content = bytesOf(textArgument(args, 'content'));
      await workspaces.of(context).write(path, content);
      return { output: `Wrote ${content.length} bytes to ${path.join('/')}.` };
    }),
  };
}
