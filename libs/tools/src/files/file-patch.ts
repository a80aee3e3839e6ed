import { setImmediate } from 'node:timers/promises';
import { isJsonObject, type JsonObject, type Tool } from '#libs/contract';
import { answeringRefusals, Refusal } from '../workspace/refusal.js';
import { parseFilePath } from '../workspace/workspace-path.js';
import type { Workspaces } from '../workspace/workspaces.js';
import { optionalFlagArgument, textArgument } from '../workspace/arguments.js';
import { WORKSPACE_LIMITS } from '../workspace/limits.js';
import { placesOf } from './find-text.js';
import { bytesOf, needText } from './text-file.js';

const EDITS_MAX = 100;
/** Most replacements of one edit. */
const REPLACEMENTS_MAX = 100_000;

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
    // A repetition would not find the old text any more.
    idempotent: false,
    approval: 'never',
    execute: answeringRefusals(async (args, context) => {
      const path = parseFilePath(textArgument(args, 'path'));
      const edits = editsIn(args);
      await workspaces.of(context).update(path, async (content) => bytesOf(await applyAll(needText(content), edits)));
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
    return { oldText, newText: textArgument(edit, 'new_text'), all: optionalFlagArgument(edit, 'replace_all') };
  });
}

/** Applies the edits in order. Between two of them the event loop gets a turn. */
async function applyAll(text: string, edits: readonly Edit[]): Promise<string> {
  let changed = text;
  for (const [index, edit] of edits.entries()) {
    if (index > 0) await setImmediate();
    changed = apply(changed, edit, index + 1);
  }
  return changed;
}

function apply(text: string, { oldText, newText, all }: Edit, number: number): string {
  const refusal = (why: string): Refusal => new Refusal(`Edit ${number}: ${why} Nothing was changed.`);
  const places = placesOf(text, oldText, { max: all ? REPLACEMENTS_MAX + 1 : 2, overlapping: !all });
  if (places.length === 0) throw refusal('old_text does not occur in the file.');
  if (places.length > 1 && !all) throw refusal('old_text occurs more than once. Give more of its surroundings.');
  if (places.length > REPLACEMENTS_MAX) throw refusal(`old_text occurs more than ${REPLACEMENTS_MAX} times.`);
  // Checked before the text is built: a text that is too long for the engine ends the process. A text never has more
  // characters than bytes.
  const chars = text.length + places.length * (newText.length - oldText.length);
  const { fileBytesMax } = WORKSPACE_LIMITS;
  if (chars > fileBytesMax) throw refusal(`the file would have more than ${fileBytesMax} bytes.`);
  const starts = [0, ...places.map((at) => at + oldText.length)];
  return starts.map((start, i) => text.slice(start, places[i] ?? text.length)).join(newText);
}
