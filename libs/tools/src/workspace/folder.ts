import { existsSync } from 'node:fs';
import { constants, mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/**
 * On Linux an open folder can be reached by its descriptor, whatever happens to its name: `/proc/self/fd/7/name` is
 * what openat() does. On other systems its path is used.
 */
const DESCRIPTORS = '/proc/self/fd';
const hasDescriptors = existsSync(DESCRIPTORS);

/**
 * An open folder, and the way to its contents without following a link. Each step opens one name with O_NOFOLLOW,
 * relative to the folder that is already open. So a folder that is replaced by a link meanwhile is noticed or does no
 * harm.
 *
 * One gap remains: on systems without /proc the folder before the last name is reached by its path again, and a program
 * that runs at that moment can replace it. Talaria's terminal is such a program only when the operator offers it.
 */
export class Folder {
  private constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
  ) {}

  /** Opens a folder that the operator chose; a link is followed. */
  static async open(path: string): Promise<Folder> {
    return new Folder(await open(path, O_RDONLY | O_DIRECTORY), path);
  }

  /**
   * Opens the folder of this name, which is one part of a path. Rejects with the system's error, ENOTDIR for a link.
   */
  async enter(name: string, { create }: { create: boolean }): Promise<Folder> {
    const path = this.pathOf(name);
    if (create) await mkdir(path, { mode: 0o700 }).catch(ignoreExisting);
    return new Folder(await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), join(this.path, name));
  }

  /**
   * The system path of this name in this folder, valid until the folder is closed. Without a name: the folder's own
   * path.
   */
  pathOf(name = ''): string {
    return join(hasDescriptors ? `${DESCRIPTORS}/${this.handle.fd}` : this.path, name);
  }

  /** Sets the folder's own time to now. */
  async touch(): Promise<void> {
    const now = new Date();
    await this.handle.utimes(now, now);
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

function ignoreExisting(cause: NodeJS.ErrnoException): void {
  if (cause.code !== 'EEXIST') throw cause;
}

export interface FolderPath {
  readonly parts: readonly string[];
  /** Creates missing folders. */
  readonly create?: boolean;
  /** Number of parts that lead to the folder whose time is set to now. */
  readonly touched?: number;
}

/** Opens the folders of a path one after the other, passes the last one to `use`, and closes them all. */
export async function inFolder<T>(
  root: string,
  { parts, create = false, touched = 0 }: FolderPath,
  use: (folder: Folder) => Promise<T>,
): Promise<T> {
  let folder = await Folder.open(root);
  try {
    for (const [index, part] of parts.entries()) {
      const next = await folder.enter(part, { create });
      await folder.close();
      folder = next;
      if (index + 1 === touched) await folder.touch();
    }
    return await use(folder);
  } finally {
    await folder.close();
  }
}
