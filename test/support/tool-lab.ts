import type { JsonObject, Tool, ToolContext, ToolResult } from '#libs/contract';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolContext } from './tool-context.js';
import { Workspaces } from '../../libs/tools/src/workspace/workspaces.js';

const SESSION = { sessionId: 'session-1' };

export interface WorkspaceLab {
  readonly root: string;
  readonly workspaces: Workspaces;
  /** The folder of the default context's workspace, made. */
  folder(): Promise<string>;
  remove(): Promise<void>;
}

export async function workspaceLab(): Promise<WorkspaceLab> {
  const base = await mkdtemp(join(tmpdir(), 'talaria-workspace-'));
  const root = join(base, 'root');
  const workspaces = new Workspaces(root);
  return {
    root,
    workspaces,
    folder: () => workspaces.pathOf(toolContext(SESSION)),
    remove: () => rm(base, { recursive: true, force: true }),
  };
}

/** Executes a tool as the agent would. */
export function use(tool: Tool, args: JsonObject, fields: Partial<ToolContext> = {}): Promise<ToolResult> {
  return tool.execute(args, toolContext({ ...SESSION, ...fields }));
}
