import { createServer } from 'node:net';

/**
 * Below the range from which systems give ports to outgoing connections: one of those could take it before it is used.
 */
const FIRST = 15_000;
const LAST = 32_000;

/** A TCP port on loopback that was free a moment ago, and that nobody but a test asks for. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
