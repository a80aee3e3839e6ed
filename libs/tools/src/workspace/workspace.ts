import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { constants, lstat, mkdir, open, opendir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { inFolder, type Folder } from './folder.js';
import { OWN_FILE_PREFIX, WORKSPACE_LIMITS } from './limits.js';
import { Refusal, refusalOf } from './refusal.js';
import type { Serial } from '../serial.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_WRONLY, O_CREAT, O_EXCL } = constants;

export interface WorkspaceEntry {
  /** Path relative to the listed folder, with slashes. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'other';
}

/** The folders that lead to a workspace. The model chooses none of them. */
interface Place {
  readonly root: string;
  readonly folders: readonly [owner: string, session: string];
}

/**
 * The files of one session. Paths come as parts (`parseWorkspacePath`). No link is followed in any part, and only plain
 * files are opened. When the system refuses an operation, the error is a Refusal in words.
 */
export class Workspace {
  /** @param isLooking the age of the workspace is left as it is, and listing one that is not there creates none. */
  constructor(
    readonly place: Place,
    private readonly serial: Serial,
    private readonly isLooking = false,
  ) {}

  create(): Promise<void> {
    return this.within([], { create: true }, async () => undefined);
  }

  /** The whole content. Refuses more than WORKSPACE_LIMITS.fileBytesMax. */
  read(parts: readonly string[]): Promise<Buffer> {
    return this.within(parts.slice(0, -1), { shown: parts }, (folder) => readFile(folder, nameOf(parts)));
  }

  /** Writes a whole file, and the folders above it. A reader sees either the old content or the new one. */
  write(parts: readonly string[], content: Buffer): Promise<void> {
    return this.change(parts, { create: true }, async () => content);
  }

  /** Takes a plain file away; its folder stays. What another name of it shows keeps its content. */
  remove(parts: readonly string[]): Promise<void> {
    const name = nameOf(parts);
    assertOwn(parts);
    return this.serial.run(this.place.folders.join('/'), () =>
      this.within(parts.slice(0, -1), { shown: parts }, async (folder) => {
        const before = await statOf(folder, name);
        if (!before?.isFile())
          throw new Refusal(`The path '${parts.join('/')}' ${before ? 'is not a plain file' : 'does not exist'}.`);
        await unlink(folder.pathOf(name));
      }),
    );
  }

  /** Size in bytes and time of the last change (ms) of a plain file; undefined: there is none of this name. */
  facts(parts: readonly string[]): Promise<{ readonly bytes: number; readonly changedAt: number } | undefined> {
    return this.within(parts.slice(0, -1), { shown: parts }, async (folder) => {
      const stat = await statOf(folder, nameOf(parts));
      return stat?.isFile() ? { bytes: stat.size, changedAt: stat.mtimeMs } : undefined;
    });
  }

  /** Reads, changes and writes a file. No other call of this process changes anything in the workspace meanwhile. */
  update(parts: readonly string[], change: (content: Buffer) => Promise<Buffer>): Promise<void> {
    return this.change(parts, { create: false }, async (folder, name) => change(await readFile(folder, name)));
  }

  /**
   * The contents of a folder and of folders below it down to `depth` (1: only the folder), sorted by name. Links are
   * listed as `other` and not entered. Ends after WORKSPACE_LIMITS.entriesSeenMax.
   */
  async list(parts: readonly string[], depth: number): Promise<{ entries: WorkspaceEntry[]; isCut: boolean }> {
    const entries: WorkspaceEntry[] = [];
    if (parts.length === 0) {
      if (!this.isLooking) await this.create();
      else if (!(await this.exists())) return { entries, isCut: false };
    }
    const visit = async (below: readonly string[], left: number): Promise<void> => {
      const found = await this.within([...parts, ...below], {}, (folder) => entriesOf(folder.pathOf()));
      for (const { name, kind } of found) {
        if (entries.length >= WORKSPACE_LIMITS.entriesSeenMax) return;
        entries.push({ path: [...below, name].join('/'), kind });
        if (kind === 'folder' && left > 1 && !SKIPPED.has(name)) await visit([...below, name], left - 1);
      }
    };
    await visit([], Math.min(depth, WORKSPACE_LIMITS.foldersDeepMax));
    return { entries, isCut: entries.length >= WORKSPACE_LIMITS.entriesSeenMax };
  }

  private exists(): Promise<boolean> {
    return this.within([], {}, async () => true).catch((cause: unknown) => {
      if (cause instanceof Refusal && cause.code === 'ENOENT') return false;
      throw cause;
    });
  }

  private async change(
    parts: readonly string[],
    { create }: { readonly create: boolean },
    content: (folder: Folder, name: string) => Promise<Buffer>,
  ): Promise<void> {
    const name = nameOf(parts);
    assertOwn(parts);
    return this.serial.run(this.place.folders.join('/'), async () => {
      await this.within(parts.slice(0, -1), { create, shown: parts }, async (folder) => {
        const bytes = await content(folder, name);
        if (bytes.length > WORKSPACE_LIMITS.fileBytesMax) throw tooLarge(bytes.length);
        const before = await statOf(folder, name);
        if (before && !before.isFile()) throw new Refusal(`The path '${parts.join('/')}' is not a plain file.`);
        if (!before) await this.assertRoom();
        await replaceFile(folder, name, { bytes, mode: before ? before.mode & 0o777 : 0o600 });
      });
    });
  }

  private async assertRoom(): Promise<void> {
    const { entries, isCut } = await this.list([], WORKSPACE_LIMITS.foldersDeepMax);
    const count = entries.filter(({ kind }) => kind !== 'folder').length;
    if (isCut || count >= WORKSPACE_LIMITS.filesMax) {
      throw new Refusal(`The workspace has ${WORKSPACE_LIMITS.filesMax} files already, and more are not allowed.`);
    }
  }

  private async within<T>(
    parts: readonly string[],
    { create = false, shown = parts }: { readonly create?: boolean; readonly shown?: readonly string[] },
    use: (folder: Folder) => Promise<T>,
  ): Promise<T> {
    const { root, folders } = this.place;
    try {
      if (create) await mkdir(root, { recursive: true, mode: 0o700 });
      const touched = this.isLooking ? 0 : folders.length;
      return await inFolder(root, { parts: [...folders, ...parts], create, touched }, use);
    } catch (cause) {
      throw refusalOf(cause, shown.join('/') || '.');
    }
  }
}

/** Folders of other programs, large and of no interest: listed, but neither entered nor written into. */
const SKIPPED: ReadonlySet<string> = new Set(['.git', 'node_modules', '__pycache__', '.venv']);

function assertOwn(parts: readonly string[]): void {
  const foreign = parts.slice(0, -1).find((part) => SKIPPED.has(part.toLowerCase()));
  if (foreign !== undefined) throw new Refusal(`Files in '${foreign}' are the business of the program that made it.`);
}

function nameOf(parts: readonly string[]): string {
  const name = parts.at(-1);
  if (name === undefined) throw new Refusal('The path of a file is expected.');
  return name;
}

async function entriesOf(path: string): Promise<{ name: string; kind: WorkspaceEntry['kind'] }[]> {
  const found: { name: string; kind: WorkspaceEntry['kind'] }[] = [];
  for await (const entry of await opendir(path)) {
    if (entry.name.startsWith(OWN_FILE_PREFIX)) continue;
    found.push({ name: entry.name, kind: entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : 'other' });
    if (found.length >= WORKSPACE_LIMITS.entriesSeenMax) break;
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readFile(folder: Folder, name: string): Promise<Buffer> {
  // Without O_NONBLOCK, opening a named pipe would wait.
  const handle = await open(folder.pathOf(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    return await readPlainFile(handle);
  } finally {
    await handle.close();
  }
}

async function readPlainFile(handle: FileHandle): Promise<Buffer> {
  const stat = await handle.stat();
  if (stat.isDirectory()) throw new Refusal('The path is a folder.');
  if (!stat.isFile()) throw new Refusal('The path is not a plain file.');
  // A second name may be outside the workspace.
  if (stat.nlink > 1) throw new Refusal('The file has a second name (hard link), and such files are not opened.');
  if (stat.size > WORKSPACE_LIMITS.fileBytesMax) throw tooLarge(stat.size);
  // Bytes appended in the meantime are not read.
  const buffer = Buffer.alloc(stat.size);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

async function statOf(folder: Folder, name: string): Promise<Stats | undefined> {
  return lstat(folder.pathOf(name)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
}

/** A new file takes the old one's name, so files that share the old content by a link keep it. */
async function replaceFile(
  folder: Folder,
  name: string,
  { bytes, mode }: { readonly bytes: Buffer; readonly mode: number },
): Promise<void> {
  const temporary = folder.pathOf(`${OWN_FILE_PREFIX}${randomBytes(8).toString('hex')}.tmp`);
  const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    try {
      await handle.writeFile(bytes);
      await handle.chmod(mode);
    } finally {
      await handle.close();
    }
    await rename(temporary, folder.pathOf(name));
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    throw cause;
  }
}

function tooLarge(bytes: number): Refusal {
  return new Refusal(`The file has ${bytes} bytes; at most ${WORKSPACE_LIMITS.fileBytesMax} are read or written.`);
}
