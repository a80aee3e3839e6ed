import type { JsonObject, Tool, ToolContext } from '#libs/contract';
import { WORKSPACE_LIMITS } from '../workspace/limits.js';
import { answeringRefusals, Refusal } from '../workspace/refusal.js';
import { Serial } from '../serial.js';
import { parseWorkspacePath } from '../workspace/workspace-path.js';
import type { Workspace } from '../workspace/workspace.js';
import type { Workspaces } from '../workspace/workspaces.js';
import { optionalFlagArgument, optionalTextArgument, textArgument } from '../workspace/arguments.js';
import { LINES_MAX, withMatcher, type Matcher, type Query } from './search-thread.js';
import { decodeUtf8 } from './text-file.js';
import { fitsWildcard } from './wildcard.js';

const PATTERN_CHARS_MAX = 1_000;
const FILES_CHARS_MAX = 256;
const BYTES_MAX = 50_000_000;

/** `file_search`: lines of the workspace's files that contain a text or match a pattern. */
export function fileSearch(workspaces: Workspaces): Tool {
  // One search at a time for each owner, because a pattern that runs for seconds costs a whole core.
  const turns = new Serial();
  return {
    name: 'file_search',
    description:
      'Searches the text files of the workspace. Gives path, line number and line. Folders such as .git and ' +
      'node_modules are left out.',
    parameters: {
      type: 'object',
      properties: {
        query: { type: 'string', maxLength: PATTERN_CHARS_MAX, description: 'Text to find within a line.' },
        regex: { type: 'boolean', description: 'The query is a JavaScript regular expression. Default: false.' },
        ignore_case: { type: 'boolean', description: 'Default: false.' },
        path: { type: 'string', description: 'Folder to search. Default: the whole workspace.' },
        files: {
          type: 'string',
          maxLength: FILES_CHARS_MAX,
          description: 'Only files of such names, for example *.ts.',
        },
      },
      required: ['query'],
      additionalProperties: false,
    },
    idempotent: true,
    approval: 'never',
    execute: answeringRefusals(async (args, context) => {
      const search = readSearch(args, workspaces.of(context), context);
      const searching = async (): Promise<string> => {
        // The run may have ended before its turn came.
        context.signal.throwIfAborted();
        return withMatcher(search.query, (matcher) => run(search, matcher));
      };
      return { output: await turns.run(context.owner, searching) };
    }),
  };
}

interface Search {
  readonly workspace: Workspace;
  readonly folder: readonly string[];
  readonly query: Query;
  readonly names: string;
  readonly signal: AbortSignal;
}

function readSearch(args: JsonObject, workspace: Workspace, { signal }: ToolContext): Search {
  const query = textArgument(args, 'query');
  if (query === '' || query.length > PATTERN_CHARS_MAX) {
    throw new Refusal(`The query must have 1 to ${PATTERN_CHARS_MAX} characters.`);
  }
  const names = optionalTextArgument(args, 'files', '*');
  if (names.length > FILES_CHARS_MAX) throw new Refusal(`The files are longer than ${FILES_CHARS_MAX} characters.`);
  return {
    workspace,
    folder: parseWorkspacePath(optionalTextArgument(args, 'path', '')),
    query: {
      query,
      isRegex: optionalFlagArgument(args, 'regex'),
      ignoreCase: optionalFlagArgument(args, 'ignore_case'),
    },
    names,
    signal,
  };
}

async function run(search: Search, matcher: Matcher): Promise<string> {
  const { workspace, folder, signal } = search;
  const { entries, isCut } = await workspace.list(folder, WORKSPACE_LIMITS.foldersDeepMax);
  const files = entries.filter(({ kind, path }) => kind === 'file' && fitsName(path, search.names));
  const lines: string[] = [];
  const notes = isCut ? [`Only the first ${entries.length} entries were looked at.`] : [];
  let bytes = 0;
  for (const { path } of files) {
    signal.throwIfAborted();
    const content = await contentOf(workspace, [...folder, ...path.split('/')]);
    bytes += content.length;
    const text = decodeUtf8(content);
    const found = text === undefined ? [] : await matcher(text, LINES_MAX - lines.length);
    lines.push(...found.map((match) => `${[...folder, path].join('/')}:${match.line}: ${match.text}`));
    if (lines.length >= LINES_MAX) notes.push(`Only the first ${LINES_MAX} lines are given.`);
    else if (bytes >= BYTES_MAX) notes.push(`Only the first ${BYTES_MAX} bytes were searched.`);
    else continue;
    break;
  }
  if (lines.length === 0) lines.push('[Nothing was found.]');
  return [...lines, ...notes.map((note) => `[${note}]`)].join('\n');
}

function fitsName(path: string, names: string): boolean {
  return fitsWildcard(path.slice(path.lastIndexOf('/') + 1), names);
}

/** A file that is too large, or that was removed since it was listed, is skipped. */
async function contentOf(workspace: Workspace, parts: readonly string[]): Promise<Buffer> {
  try {
    return await workspace.read(parts);
  } catch (error) {
    if (error instanceof Refusal) return Buffer.alloc(0);
    throw error;
  }
}
