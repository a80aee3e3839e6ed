import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const DAY_MS = 86_400_000;

/**
 * Removes the workspaces that nobody has used for so many days. A workspace is as old as its folder's own time, which
 * every use sets anew. Links are removed and not followed. Rejects when the root cannot be read; a missing one is
 * empty.
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
      // Another worker may be sweeping too: what has gone already is fine.
      const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: now }));
      if (now - mtimeMs > daysMax * DAY_MS) await rm(path, { recursive: true, force: true });
    }
    // Refused as long as something is in it.
    await rmdir(join(root, owner)).catch(() => undefined);
  }
}
