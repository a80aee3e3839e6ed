import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { LoggedEvent } from '#libs/contract';
import { RESPONSES_KEEPALIVE } from '#libs/protocols';
import type { IncomingMessage } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { Exchanges } from '../../../../../apps/api/src/answering/exchanges.js';
import {
  ResponseSocket,
  type ResponseSocketParts,
} from '../../../../../apps/api/src/responses/socket/response-socket.js';
import { decodeResponses } from '../../../../support/responses-request.js';
import { until } from '../../../../support/until.js';

/** One response on a socket; the test says what its run says. */
describe('a response on a WebSocket that is silent', () => {
  let server: WebSocketServer;
  let client: WebSocket;
  let socket: ResponseSocket;
  let heard: { readonly type: string }[];
  let say: (...events: LoggedEvent[]) => void;
  let isFollowed: boolean;

  beforeEach(async () => {
    heard = [];
    isFollowed = false;
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const connected = once(server, 'connection');
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    client.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString()) as { type: string }));
    const [webSocket, request] = (await connected) as [WebSocket, IncomingMessage];
    await once(client, 'open');
    socket = new ResponseSocket(parts(), { webSocket, request, socket: request.socket, owner: 'alice' });
  });
  afterEach(() => {
    client.terminate();
    server.close();
  });

  /** As far as one response needs them. */
  function parts(): ResponseSocketParts {
    const draft = decodeResponses({ input: 'Hi' });
    const fake = {
      exchanges: new Exchanges(),
      admission: { enter: () => () => undefined },
      workers: { assertThere: () => undefined, onOver: () => () => undefined },
      receiving: { open: () => ({ hold: () => undefined, end: () => undefined }) },
      preparation: () => ({}),
      createRun: { readRequest: async () => ({ admission: { draft } }) },
      desk: { admit: async () => ({ kind: 'opened', runId: RUN }) },
      logger: { warn: () => undefined, error: () => undefined },
      runs: {
        attend: (_runId: string, work: () => Promise<void>) => work(),
        follow: (_run: object, take: (batch: readonly LoggedEvent[]) => void, signal: AbortSignal) =>
          new Promise<void>((resolve) => {
            say = (...events) => {
              take(events);
              if (events.some(({ type }) => type === 'run.completed')) resolve();
            };
            signal.addEventListener('abort', () => resolve());
            isFollowed = true;
          }),
      },
    };
    return fake as unknown as ResponseSocketParts;
  }

  const beats = (): number => heard.filter(({ type }) => type === 'keepalive').length;

  test('hears a keepalive in each silence once its response has begun, and none before or after it', async () => {
    socket.breakSilence();
    socket.breakSilence();
    client.send(JSON.stringify({ type: 'response.create', input: 'Hi' }));
    await until(() => isFollowed);
    socket.breakSilence();
    socket.breakSilence();
    say(QUEUED);
    await until(() => heard.length > 0);
    expect(heard[0]?.type).toBe('response.created');
    // The first call only sees that something was sent since the one before.
    socket.breakSilence();
    socket.breakSilence();
    await until(() => beats() === 1);
    expect(JSON.stringify(heard.at(-1))).toBe(RESPONSES_KEEPALIVE.data);
    socket.breakSilence();
    await until(() => beats() === 2);
    say({ type: 'run.completed', finishReason: 'stop', seq: 2, at: 2 });
    await until(() => heard.at(-1)?.type === 'response.completed');
    socket.breakSilence();
    socket.breakSilence();
    client.send('{');
    await until(() => heard.at(-1)?.type === 'error');
    expect(beats()).toBe(2);
  });
});

const RUN = `run_${'0a'.repeat(16)}`;
const QUEUED: LoggedEvent = {
  type: 'run.queued',
  runId: RUN,
  protocol: 'openai-responses',
  owner: 'alice',
  model: 'demo',
  echo: decodeResponses({ input: 'Hi' }).echo,
  seq: 1,
  at: 1,
};
