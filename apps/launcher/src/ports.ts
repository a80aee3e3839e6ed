import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { LaunchError } from './launch-error.js';

/** A port that somebody asked for, and the setting that says so. */
export interface WantedPort {
  readonly setting: string;
  readonly host: string;
  readonly port: number;
}

/** TCP ports on loopback that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen('127.0.0.1', 0)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(close));
  return ports;
}

/** Throws LaunchError when nothing can listen there, and says what to do. */
export async function requireFreePort({ setting, host, port }: WantedPort): Promise<void> {
  let server: Server;
  try {
    server = await listen(host, port);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    const why = REASONS[code] ?? `cannot be opened (${code})`;
    throw new LaunchError(`Port ${port} on ${host} ${why}. Set ${setting}, or free it.`);
  }
  await close(server);
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program',
  EADDRNOTAVAIL: 'cannot be opened: this machine does not have that address',
  ENOTFOUND: 'cannot be opened: that name is unknown',
  EACCES: 'may not be opened by this user (ports below 1024 belong to root)',
};

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await closed;
}
