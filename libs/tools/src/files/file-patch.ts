import { isJsonObject, type JsonObject, type Tool } from '#libs/contract';
import { answeringRefusals, Refusal } from '../workspace/refusal.js';
import { parseWorkspacePath } from '../workspace/workspace-path.js';
import type { Workspaces } from '../workspace/workspaces.js';
import { optionalFlag, textArgument } from '../workspace/arguments.js';
import { bytesOf, needText } from './text-file.js';

const EDITS_MAX = 100;

/** `file_patch`: replaces passages of a text file, all of them or none. */
export function filePatch(workspaces: Workspaces): Tool {
  return {
    name: 'file_patch',
    description:
      'Changes passages of a text file of the workspace. Each edit replaces old_text, which must occur exactly once as ' +
      'it stands there, spaces and line ends included. Edits are applied in order; when one fails, nothing is changed.',
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', description: 'Relative to the workspace.' },
        edits: {
          type: 'array',
          minItems: 1,
          maxItems: EDITS_MAX,
          items: {
            type: 'object',
            properties: {
              old_text: { type: 'string', description: 'Passage to replace.' },
              new_text: { type: 'string', description: 'What takes its place; empty to remove it.' },
              replace_all: { type: 'boolean', description: 'Replace every occurrence. Default: false.' },
            },
            required: ['old_text', 'new_text'],
            additionalProperties: false,
          },
        },
      },
      required: ['path', 'edits'],
      additionalProperties: false,
    },
    // The second time the old text is gone.
    idempotent: false,
    approval: 'never',
    execute: answeringRefusals(async (args, context) => {
      const path = parseWorkspacePath(textArgument(args, 'path'));
      const edits = editsIn(args);
      await workspaces.of(context).update(path, (content) => {
        return bytesOf(edits.reduce((text, edit, index) => apply(text, edit, index + 1), needText(content)));
      });
      return { output: `Changed ${path.join('/')}: ${edits.length} ${edits.length === 1 ? 'edit' : 'edits'}.` };
    }),
  };
}

interface Edit {
  readonly oldText: string;
  readonly newText: string;
  readonly all: boolean;
}

function editsIn(args: JsonObject): Edit[] {
  const edits = args['edits'];
  if (!Array.isArray(edits) || edits.length === 0 || edits.length > EDITS_MAX) {
    throw new Refusal(`The edits must be a list of 1 to ${EDITS_MAX}.`);
  }
  return edits.map((edit: unknown) => {
    if (!isJsonObject(edit)) throw new Refusal('Each edit must be an object with old_text and new_text.');
    const oldText = textArgument(edit, 'old_text');
    if (oldText === '') throw new Refusal('The old_text may not be empty; use file_write for a new file.');
    return { oldText, newText: textArgument(edit, 'new_text'), all: optionalFlag(edit, 'replace_all') };
  });
}

function apply(text: string, { oldText, newText, all }: Edit, number: number): string {
  const at = text.indexOf(oldText);
  if (at < 0) throw new Refusal(`Edit ${number}: old_text does not occur in the file. Nothing was changed.`);
  if (all) return text.split(oldText).join(newText);
  if (text.includes(oldText, at + 1)) {
    throw new Refusal(
      `Edit ${number}: old_text occurs more than once. Give more of its surroundings. Nothing was changed.`,
    );
  }
  return text.slice(0, at) + newText + text.slice(at + oldText.length);
}
