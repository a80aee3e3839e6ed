import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestHttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** A real HTTP server on a free port; `close` also cuts what is still connected. */
export async function startHttpServer(listener: RequestListener, host = '127.0.0.1'): Promise<TestHttpServer> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
