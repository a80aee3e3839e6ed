import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { GatewayError } from '#libs/contract';
import { createLogger } from '#libs/platform';
import { WebSocket, WebSocketServer } from 'ws';
import { ReceivingBudget } from '../../../../../apps/api/src/receiving/receiving-budget.js';
import {
  ResponseSocket,
  type ResponseSocketParts,
} from '../../../../../apps/api/src/responses/socket/response-socket.js';
import { until } from '../../../../support/until.js';

/** What the server may hold for a client that does not read. */
const HELD_MAX = 1_000_000;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A real pair of sockets. `held` counts all bytes of the connection: unread answers, messages that wait, parts. */
describe('a client of the Responses WebSocket that does not read', () => {
  let server: WebSocketServer;
  let client: WebSocket;
  let ours: WebSocket;
  let budget: ReceivingBudget;
  let heldMax = 0;
  /** What becomes of a message that is understood: refused, once this lets it. */
  let answer: (body: unknown) => Promise<never>;
  let heard: string[];

  beforeEach(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    await once(server, 'listening');
    const connected = once(server, 'connection');
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { perMessageDeflate: false });
    client.on('error', () => undefined);
    // One of its own: the client before it may still be told something.
    const ownHeard: string[] = [];
    heard = ownHeard;
    client.on('message', (data: Buffer) => ownHeard.push(data.toString()));
    const [webSocket, request] = (await connected) as [WebSocket, IncomingMessage];
    await once(client, 'open');
    ours = webSocket;
    const socket = request.socket as Socket;
    budget = new ReceivingBudget({ receivingBytesMax: 200_000_000, receivingBytesPerKeyMax: 40_000_000 });
    heldMax = 0;
    const count = (): void => void (heldMax = Math.max(heldMax, ours.bufferedAmount + budget.bytes));
    answer = async () => {
      throw new GatewayError('invalid_request', 'No.');
    };
    const parts = {
      createRun: { readRequest: (_: unknown, { body }: { body: unknown }) => answer(body) },
      preparation: () => undefined,
      receiving: budget,
      logger: createLogger({ service: 'api', level: 'silent', pretty: false }),
    } as unknown as ResponseSocketParts;
    new ResponseSocket(parts, { webSocket: ours, socket, request, owner: 'alice' });
    ours.on('message', count);
    socket.on('data', count);
  });
  afterEach(() => {
    client.terminate();
    server.close();
  });

  const sendAll = async (frame: string | Buffer, frames: number): Promise<number> => {
    let sent = 0;
    for (; sent < frames && client.readyState === WebSocket.OPEN && ours.readyState === WebSocket.OPEN; sent++) {
      client.send(frame);
      if (sent % 1_000 === 0) await turn();
    }
    return sent;
  };

  test.each([
    ['of bytes', Buffer.from('x')],
    ['of no JSON', 'x'],
    ['of the wrong type', '{}'],
    ['that are refused', '{"type":"response.create"}'],
  ])('and sends 50,000 tiny frames %s costs less than a megabyte', async (_what, frame) => {
    client.pause();
    const sent = await sendAll(frame, 50_000);
    expect(sent).toBeGreaterThan(0);
    // Either it was cut off, or the rest of what it sends waits with it.
    await until(() => ours.readyState !== WebSocket.OPEN || ours.isPaused);
    expect(heldMax).toBeGreaterThan(0);
    expect(heldMax).toBeLessThan(HELD_MAX);
  });

  test('has less than a megabyte waiting behind the message in work, and then gets all its answers', async () => {
    const releases: (() => void)[] = [];
    answer = async () => {
      await new Promise<void>((resolve) => releases.push(resolve));
      throw new GatewayError('invalid_request', 'No.');
    };
    client.send('{"type":"response.create"}');
    await until(() => releases.length === 1);
    client.pause();
    const message = JSON.stringify({ type: 'response.create', input: 'x'.repeat(2_000_000) });
    for (let i = 0; i < 4; i++) client.send(message);
    await until(() => ours.isPaused);
    for (let i = 0; i < 20; i++) await turn();
    expect(heldMax).toBeLessThan(HELD_MAX);
    client.resume();
    for (let answered = 1; answered <= 5; answered++) {
      await until(() => releases.length === answered);
      releases[answered - 1]?.();
      await until(() => heard.length === answered);
    }
    await until(() => budget.bytes === 0);
    expect(ours.isPaused).toBe(false);
  });
});
