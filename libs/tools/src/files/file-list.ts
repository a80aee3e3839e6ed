import type { Tool } from '#libs/contract';
import { answeringRefusals } from '../workspace/refusal.js';
import { parseWorkspacePath } from '../workspace/workspace-path.js';
import type { Workspaces } from '../workspace/workspaces.js';
import { optionalCount, optionalTextArgument } from '../workspace/arguments.js';
import { WORKSPACE_LIMITS } from '../workspace/limits.js';

const SHOWN_MAX = 1_000;

/** `file_list`: the contents of a folder of the workspace. */
export function fileList(workspaces: Workspaces): Tool {
  return {
    name: 'file_list',
    description:
      'Lists a folder of the workspace. Folders end in a slash, and what is neither file nor folder in a "?".',
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', description: 'Relative to the workspace. Default: the workspace itself.' },
        depth: {
          type: 'integer',
          minimum: 1,
          maximum: WORKSPACE_LIMITS.foldersDeepMax,
          description: 'Levels to list. Default: 1, only the folder.',
        },
      },
      additionalProperties: false,
    },
    idempotent: true,
    approval: 'never',
    execute: answeringRefusals(async (args, context) => {
      const path = parseWorkspacePath(optionalTextArgument(args, 'path', ''));
      const depth = optionalCount(args, 'depth', { otherwise: 1, max: WORKSPACE_LIMITS.foldersDeepMax });
      const { entries, isCut } = await workspaces.of(context).list(path, depth);
      const marks = { folder: '/', file: '', other: '?' };
      const lines = entries.slice(0, SHOWN_MAX).map((entry) => entry.path + marks[entry.kind]);
      if (isCut || entries.length > SHOWN_MAX) {
        lines.push(`[Cut after ${lines.length} of ${isCut ? 'more than ' : ''}${entries.length} entries.]`);
      }
      return { output: lines.join('\n') || '[The folder is empty.]' };
    }),
  };
}
