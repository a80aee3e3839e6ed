import { Hub, type Port } from './hub.js';
import type { ToStream } from './messages.js';

/** The shared worker: all pages of this browser on one connection to the server. */
const hub = new Hub();
const scope = globalThis as unknown as { onconnect: (event: MessageEvent) => void };

scope.onconnect = ({ ports: [port] }) => {
  if (!port) return;
  const page: Port = { post: (message) => port.postMessage(message) };
  port.onmessage = ({ data }: MessageEvent<ToStream>) => hub.take(page, data);
};
