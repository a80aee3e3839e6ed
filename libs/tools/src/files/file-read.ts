import type { Tool } from '#libs/contract';
import { answeringRefusals } from '../workspace/refusal.js';
import { parseFilePath } from '../workspace/workspace-path.js';
import type { Workspaces } from '../workspace/workspaces.js';
import { optionalCount, textArgument } from '../workspace/arguments.js';
import { needText } from './text-file.js';

const LINES_DEFAULT = 2_000;
const LINES_MAX = 20_000;
/** Below LIMITS.toolOutputBytesMax even when every character takes three bytes. */
const CHARS_MAX = 80_000;

/** `file_read`: lines of a text file of the workspace. */
export function fileRead(workspaces: Workspaces): Tool {
  return {
    name: 'file_read',
    description:
      'Reads a text file of the workspace. Gives the whole file, or the lines asked for; a last line in brackets says ' +
      'what was left out.',
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', description: 'Relative to the workspace, for example src/main.ts.' },
        start_line: { type: 'integer', minimum: 1, description: 'First line to give. Default: 1.' },
        line_count: {
          type: 'integer',
          minimum: 1,
          maximum: LINES_MAX,
          description: `Lines to give at most. Default: ${LINES_DEFAULT}.`,
        },
      },
      required: ['path'],
      additionalProperties: false,
    },
    idempotent: true,
    approval: 'never',
    execute: answeringRefusals(async (args, context) => {
      const path = parseFilePath(textArgument(args, 'path'));
      const first = optionalCount(args, 'start_line', { otherwise: 1, max: Number.MAX_SAFE_INTEGER });
      const count = optionalCount(args, 'line_count', { otherwise: LINES_DEFAULT, max: LINES_MAX });
      const text = needText(await workspaces.of(context).read(path));
      return { output: linesOf(text, first, count) };
    }),
  };
}

function linesOf(text: string, first: number, count: number): string {
  if (text === '') return '[The file is empty.]';
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (first > lines.length) return `[The file has only ${lines.length} lines.]`;
  const asked = lines.slice(first - 1, first - 1 + count);
  const given = asked.slice(0, fitting(asked));
  if (given.length === lines.length) return text;
  if (given.length === 0) {
    const [line = ''] = asked;
    return `${line.slice(0, CHARS_MAX)}\n[Line ${first} is cut: it has ${line.length} characters.]`;
  }
  return `${given.join('\n')}\n[Lines ${first} to ${first + given.length - 1} of ${lines.length}.]`;
}

/** The number of these lines that fit into the output. */
function fitting(lines: readonly string[]): number {
  let chars = 0;
  const tooMany = lines.findIndex((line) => (chars += line.length + 1) > CHARS_MAX);
  return tooMany < 0 ? lines.length : tooMany;
}
