import { LIMITS, type Tool } from '#libs/contract';
import { resolve } from 'node:path';
import { clarify } from './clarify/clarify.js';
import { currentTime } from './current-time/current-time.js';
import { openGuard, openResolver, type Resolve } from '#libs/guarded-fetch';
import { fileList } from './files/file-list.js';
import { filePatch } from './files/file-patch.js';
import { fileRead } from './files/file-read.js';
import { fileSearch } from './files/file-search.js';
import { fileWrite } from './files/file-write.js';
import { httpFetch } from './http-fetch/http-fetch.js';
import type { LiveTrees } from './processes/live-trees.js';
import { terminal } from './terminal/terminal.js';
import { todo } from './todo/todo.js';
import { Workspaces } from './workspace/workspaces.js';

export interface BuiltInSettings {
  /** Host names, addresses and CIDR blocks that http_fetch may reach although they are private. */
  readonly fetchAllowedHosts: readonly string[];
  /** Folder of the workspaces; need not exist. */
  readonly workspaceDir: string;
  /** Program and arguments that run a command of the terminal; `{workspace}` in them is its folder. */
  readonly terminalCommand: readonly string[];
  /** PATH of the terminal's commands. */
  readonly terminalPath: string;
}

/** The external dependencies of the tools; replaced in tests. */
export interface ToolEdges {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly resolve: Resolve;
}

const realEdges = (): ToolEdges => ({ now: Date.now, resolve: openResolver() });

/**
 * All built-in tools. A new tool is a folder and a line here. `live` records the processes that they start. Throws when
 * a setting is malformed.
 */
export function createTools(settings: BuiltInSettings, live: LiveTrees, edges: ToolEdges = realEdges()): Tool[] {
  const workspaces = new Workspaces(resolve(settings.workspaceDir));
  return [
    currentTime(edges.now),
    clarify(),
    httpFetch(openGuard({ allowedHosts: settings.fetchAllowedHosts, resolve: edges.resolve })),
    fileRead(workspaces),
    fileWrite(workspaces),
    filePatch(workspaces),
    fileList(workspaces),
    fileSearch(workspaces),
    todo(workspaces),
    terminal({ workspaces, live, shell: settings.terminalCommand, path: settings.terminalPath }),
  ];
}

const TOOL_NAME = new RegExp(`^[a-zA-Z0-9_-]{1,${LIMITS.toolNameCharsMax}}$`);

/** Throws an Error when two tools share a name or when an upstream would refuse the description of one. */
export function checkToolList(tools: readonly Tool[]): void {
  const names = new Set<string>();
  for (const { name, description, parameters } of tools) {
    if (!TOOL_NAME.test(name)) throw new Error(`The tool name '${name}' does not match ${TOOL_NAME.source}.`);
    if (names.has(name)) throw new Error(`Two tools share the name '${name}'.`);
    if (description.trim() === '') throw new Error(`The tool '${name}' has no description.`);
    if (parameters['type'] !== 'object')
      throw new Error(`The parameters of the tool '${name}' are not an object schema.`);
    names.add(name);
  }
}
