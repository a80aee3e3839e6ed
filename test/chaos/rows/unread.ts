import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { usageOf } from '../../../bench/processes.js';
import type { Service } from '../../support/stack.js';
import { Lab } from '../lab.js';
import { must, type Row } from '../row.js';

const SOCKETS = 100;
const FRAMES = 20_000;
/** The heap of the processes: what they need, and a MB for each socket. */
const HEAP_MB = 160;
/** A binary message of one byte, masked; it is answered with an error of 140 bytes. */
const FRAME = Buffer.from([0x82, 0x81, 1, 2, 3, 4, 0x41]);
const PIECE = Buffer.concat(Array.from({ length: 1_000 }, () => FRAME));

const BODIES = 40;
const BODY_BYTES = 9_000_000;
const BODIES_MB_MAX = 64;

async function open(api: Service, head: readonly string[]): Promise<Socket> {
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`${[...head, `host: ${hostname}`].join('\r\n')}\r\n\r\n`);
  return socket;
}

/** A WebSocket whose client never reads: resolves when its messages are sent, or are taken no more. */
async function neverReads(api: Service): Promise<Socket> {
  const socket = await open(api, [
    'GET /v1/responses HTTP/1.1',
    'upgrade: websocket',
    'connection: Upgrade',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version: 13',
  ]);
  await once(socket, 'data');
  socket.pause();
  for (let sent = 0; sent < FRAMES && !socket.destroyed; sent += 1_000) {
    if (socket.write(PIECE)) continue;
    await Promise.race([once(socket, 'drain').catch(() => undefined), sleep(2_000)]);
    if (socket.writableLength > 0) break;
  }
  return socket;
}

/**
 * What a process holds over what it held before, while these sockets are open, in MB. Other traffic runs before each
 * look, so that what is garbage has been collected.
 */
async function growthOf(lab: Lab, api: Service, work: () => Promise<Socket[]>): Promise<number> {
  const before = usageOf(api.pid).rssMb;
  const sockets = await work();
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    await lab.load(40, { model: 'ok:n=20', listeners: 1 });
    least = Math.min(least, usageOf(api.pid).rssMb);
  }
  for (const socket of sockets) socket.destroy();
  return least - before;
}

async function withApi(work: (lab: Lab, api: Service) => Promise<string>): Promise<string> {
  const env = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` };
  return Lab.with({ apis: 1, workers: 1, secondsMax: 150, env }, async (lab) => {
    const [api] = lab.crew.of('api');
    if (!api) throw new Error('there is no API');
    // A process that has worked: what it holds from now on is not what every process comes to hold.
    await lab.load(200, { model: 'ok:n=20', listeners: 1 });
    await lab.allEnded();
    const figures = await work(lab, api);
    must(!api.hasExited(), `the API died: ${api.output().slice(-300)}`);
    await lab.load(5, { model: 'ok:n=20', listeners: 1 });
    await lab.allEnded();
    return figures;
  });
}

const unreadSockets: Row = {
  id: 'K4',
  what: `${SOCKETS} WebSockets whose clients never read, ${FRAMES} messages to answer on each`,
  run: () =>
    withApi(async (lab, api) => {
      const work = () => Promise.all(Array.from({ length: SOCKETS }, () => neverReads(api)));
      // Such a heap collects its garbage, and ends the process when too much is held: that it lives is the bound.
      const growth = await growthOf(lab, api, work);
      return `the API lives with a heap of ${HEAP_MB} MB, +${growth.toFixed(0)} MB for ${SOCKETS} sockets`;
    }),
};

const halfSentBodies: Row = {
  id: 'K5',
  what: `${BODIES} bodies of ${BODY_BYTES / 1e6} MB without their last byte`,
  run: () =>
    withApi(async (lab, api) => {
      let refused = 0;
      const half = async (): Promise<Socket> => {
        const socket = await open(api, [
          'POST /v1/chat/completions HTTP/1.1',
          'content-type: application/json',
          `content-length: ${BODY_BYTES}`,
        ]);
        socket.once('data', (data: Buffer) => (refused += data.includes('HTTP/1.1 429 ') ? 1 : 0));
        socket.write(Buffer.alloc(BODY_BYTES - 1, ' '));
        return socket;
      };
      const growth = await growthOf(lab, api, () => Promise.all(Array.from({ length: BODIES }, half)));
      must(growth < BODIES_MB_MAX, `the API grew by ${growth.toFixed(0)} MB`);
      must(refused > 0, 'none was refused');
      return `API +${growth.toFixed(0)} MB, ${refused} of ${BODIES} refused before they were read`;
    }),
};

export const UNREAD_ROWS: readonly Row[] = [unreadSockets, halfSentBodies];
