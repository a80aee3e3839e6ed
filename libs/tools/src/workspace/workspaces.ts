import type { ToolContext } from '#libs/contract';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Serial } from '../serial.js';
import { Workspace } from './workspace.js';

type WorkspaceOwner = Pick<ToolContext, 'owner' | 'sessionId' | 'runId'>;

/** The workspaces below one folder: `<root>/<owner>/<session>`, created at the first write. */
export class Workspaces {
  private readonly serial = new Serial();

  /** @param root need not exist. */
  constructor(private readonly root: string) {}

  /** Creates the folder of all workspaces when it is missing. Rejects with the system's error when it cannot. */
  async open(): Promise<void> {
    await mkdir(this.root, { recursive: true, mode: 0o700 });
  }

  /** The workspace of a call's session; a run without a session has the workspace of its own id. */
  of(context: WorkspaceOwner): Workspace {
    return new Workspace(this.placeOf(context), this.serial);
  }

  /** The same for someone who only looks: see the constructor of Workspace. */
  seenOf(context: WorkspaceOwner): Workspace {
    return new Workspace(this.placeOf(context), this.serial, true);
  }

  /** The absolute path of a workspace, created if it is missing, for a program that will run in it. */
  async pathOf(context: WorkspaceOwner): Promise<string> {
    const workspace = this.of(context);
    await workspace.create();
    return join(this.root, ...workspace.place.folders);
  }

  private placeOf({ owner, sessionId, runId }: WorkspaceOwner): Workspace['place'] {
    return { root: this.root, folders: [folderName(owner), folderName(sessionId ?? runId)] };
  }
}

/** A readable and unique folder name: the visible characters of the text, and a hash of all of it. */
function folderName(text: string): string {
  const readable = text.replace(/[^A-Za-z0-9_-]/g, '').slice(0, 32);
  return `${readable}.${createHash('sha256').update(text).digest('hex').slice(0, 20)}`;
}
