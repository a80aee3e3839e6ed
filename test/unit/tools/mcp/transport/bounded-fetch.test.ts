import { setImmediate } from 'node:timers/promises';
import { createGzip, gzipSync } from 'node:zlib';
import type { RequestListener, ServerResponse } from 'node:http';
import { boundedFetch } from '../../../../../libs/tools/src/mcp/transport/bounded-fetch.js';
import { MCP_LIMITS } from '../../../../../libs/tools/src/mcp/mcp-settings.js';
import { Unreachable } from '../../../../../libs/tools/src/mcp/transport/unreachable.js';
import { startHttpServer, type TestHttpServer } from '../../../../support/http-server.js';
import { until } from '../../../../support/until.js';

let server: TestHttpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function ask(
  listener: RequestListener,
  init: RequestInit = { method: 'POST' },
  postMs = 60_000,
): Promise<Response> {
  server = await startHttpServer(listener);
  return boundedFetch({ postMs })(`http://127.0.0.1:${server.port}/`, init);
}

/** Writes on and on until the other side has had enough. */
function flood(response: ServerResponse, piece: string): void {
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
}

const event = (chars: number, end: string): string => `data: ${'x'.repeat(chars)}${end}${end}`;
const { errorBytesMax, messageBytesMax } = MCP_LIMITS;

test('an answer comes as it is, and is not asked to be packed', async () => {
  const response = await ask((request, answer) => {
    answer.writeHead(201, { 'mcp-session-id': 's1' }).end(request.headers['accept-encoding']);
  });
  expect([response.status, response.headers.get('mcp-session-id')]).toEqual([201, 's1']);
  expect(await response.text()).toBe('identity');
});

test('one without a body has none', async () => {
  const response = await ask((_request, answer) => answer.writeHead(204).end());
  expect([response.status, response.body]).toEqual([204, null]);
});

test.each(['POST', 'GET'])('of an error (%s) the beginning is read, and the rest never comes', async (method) => {
  let isClosed = false;
  const response = await ask(
    (_request, answer) => {
      answer.on('close', () => (isClosed = true));
      flood(answer.writeHead(500), 'x'.repeat(60_000));
    },
    { method },
  );
  expect(await response.text()).toBe('x'.repeat(errorBytesMax));
  await until(() => isClosed);
});

test('an error that unpacks to gigabytes is read as far as any other', async () => {
  const response = await ask((_request, answer) => {
    const gzip = createGzip();
    gzip.pipe(answer.writeHead(400, { 'content-encoding': 'gzip' }));
    const zeros = Buffer.alloc(1_000_000);
    gzip.on('drain', () => gzip.write(zeros));
    gzip.write(zeros);
  });
  expect(await response.text()).toHaveLength(errorBytesMax);
});

test('an answer that is too long fails, packed or not', async () => {
  const long = 'x'.repeat(messageBytesMax + 1);
  const plain = await ask((_request, answer) => answer.end(long));
  await expect(plain.text()).rejects.toThrow('longer than');
  await server?.close();
  const packed = await ask((_request, answer) => {
    answer.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(long));
  });
  await expect(packed.text()).rejects.toThrow('longer than');
});

test.each(['\n', '\r\n'])('a stream of events may be longer than one of them (line end %j)', async (end) => {
  const events = Array.from({ length: 5 }, () => event(messageBytesMax / 4, end)).join('');
  const response = await ask((_request, answer) => answer.end(events), { method: 'GET' });
  expect(await response.text()).toHaveLength(events.length);
});

test.each(['x', 'data: x\r\n'])('a stream of %j that never becomes an event is broken off', async (piece) => {
  const response = await ask((_request, answer) => flood(answer, piece.repeat(10_000)), { method: 'GET' });
  await expect(response.text()).rejects.toThrow('longer than');
});

test('a POST without an answer has its time', async () => {
  let closed = 0;
  const asking = ask((_request, answer) => void answer.on('close', () => (closed += 1)), { method: 'POST' }, 300);
  await expect(asking).rejects.toBeInstanceOf(Unreachable);
  await until(() => closed === 1);
});

test('the answer to a POST that has begun falls silent, and its socket is closed', async () => {
  let closed = 0;
  const listener: RequestListener = (_request, answer) => {
    answer.on('close', () => (closed += 1));
    answer.write('id: 1\ndata: \n\n');
  };
  const response = await ask(listener, { method: 'POST' }, 300);
  let isOver = false;
  const over = (): void => void (isOver = true);
  response.text().then(over, over);
  await until(() => closed === 1);
  await setImmediate();
  expect(isOver).toBe(false);
});

test('a stream of notifications lasts, until its owner ends it', async () => {
  const owner = new AbortController();
  const listener: RequestListener = (_request, answer) => {
    answer.write('data: 1\n\n');
    setTimeout(() => answer.end('data: 2\n\n'), 600);
  };
  const response = await ask(listener, { method: 'GET', signal: owner.signal }, 100);
  expect(await response.text()).toBe('data: 1\n\ndata: 2\n\n');
  await server?.close();
  const endless = await ask((_request, answer) => void answer.write('x'), { method: 'GET', signal: owner.signal });
  owner.abort(new Error('over'));
  await expect(endless.text()).rejects.toThrow('over');
});
