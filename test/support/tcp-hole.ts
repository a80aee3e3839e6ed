import { connect, createServer, type Socket } from 'node:net';

export interface TcpHole {
  readonly port: number;
  /** From now on nothing passes on the connections there are, in either direction, and none of them ends. */
  swallow(): void;
  close(): Promise<void>;
}

/**
 * A proxy to a port of this machine that can do what a host does that vanishes: its connections stay open and answer
 * nothing, while new ones reach whoever has taken over the address.
 */
export async function tcpHole(target: number): Promise<TcpHole> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      pairs.delete(pair);
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    swallow() {
      for (const [client, upstream] of pairs) {
        client.unpipe().resume();
        upstream.unpipe().resume();
      }
    },
    async close() {
      for (const [client, upstream] of pairs) [client, upstream].forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
