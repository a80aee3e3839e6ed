import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Below the range from which systems give ports to outgoing connections: one of those could take it before it is used.
 */
const FIRST = 15_000;
const LAST = 32_000;

/** Tests run in several processes, also of several checkouts: each port that was given has a file here. */
const TAKEN = join(tmpdir(), 'talaria-test-ports');
/** Longer than a test keeps a port. */
const TAKEN_MS = 1_800_000;

/** A TCP port on loopback that is free, and that no other test on this machine gets before it is used. */
export async function freePort(): Promise<number> {
  await mkdir(TAKEN, { recursive: true });
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if ((await take(port)) && (await isFree(port))) return port;
  }
}

async function take(port: number): Promise<boolean> {
  const file = join(TAKEN, String(port));
  try {
    await writeFile(file, '', { flag: 'wx' });
    return true;
  } catch {
    const taken = await stat(file).catch(() => undefined);
    // The next one that comes by may have it.
    if (taken && Date.now() - taken.mtimeMs > TAKEN_MS) await rm(file, { force: true });
    return false;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
