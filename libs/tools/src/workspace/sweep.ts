import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const DAY_MS = 86_400_000;

/**
 * Removes workspaces that were not used for this number of days. The age of a workspace is that of its folder's own
 * time, which every use updates. Links are removed and not followed. Rejects when the root cannot be read; a missing
 * root counts as empty.
 */
export async function sweepWorkspaces(root: string, daysMax: number, now = Date.now()): Promise<void> {
  const owners = await readdir(root).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw cause;
  });
  for (const owner of owners) {
    const sessions = await readdir(join(root, owner)).catch(() => []);
    for (const session of sessions) {
      const path = join(root, owner, session);
      // Another worker may be sweeping too, so an entry may already be removed.
      const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: now }));
      if (now - mtimeMs > daysMax * DAY_MS) await rm(path, { recursive: true, force: true });
    }
    // The system refuses this while the folder is not empty.
    await rmdir(join(root, owner)).catch(() => undefined);
  }
}
