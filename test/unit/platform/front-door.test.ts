import { closeToBrowsers } from '#libs/platform';
import { Body, Controller, Get, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { connect, type AddressInfo } from 'node:net';

@Controller()
class Echo {
  @Get('health/live')
  live() {
    return { status: 'ok' };
  }

  @Post('internal/echo')
  echo(@Body() body: unknown) {
    return { body };
  }
}

class EchoModule {}

async function open(door: { host?: string; allowedHosts?: string[]; isVisible?: boolean } = {}) {
  const module = { module: EchoModule, controllers: [Echo] };
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), {
    logger: false,
    bodyParser: false,
  });
  closeToBrowsers(app, { host: '127.0.0.1', allowedHosts: [], isVisible: false, ...door });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app;
}

/** Bytes as they are: clients of HTTP would not send two Host headers. @returns status and body. */
function send(app: NestFastifyApplication, lines: readonly string[], body = ''): Promise<[number, string]> {
  const { port } = app.getHttpServer().address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve([Number(text.split(' ')[1]), text.slice(text.indexOf('\r\n\r\n') + 4)]));
    const length = body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`];
    socket.write([...lines, ...length, 'connection: close', '', body].join('\r\n'));
  });
}

describe('a listener that no browser has business at', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => (app = await open({ allowedHosts: ['store.internal'] })));
  afterAll(() => app?.close());
  const get = 'GET /health/live HTTP/1.1';
  const post = ['POST /internal/echo HTTP/1.1', 'host: localhost'];

  test.each([
    [200, ['host: 127.0.0.1:8645']],
    [200, ['host: LOCALHOST.']],
    [200, ['host: store.internal:80']],
    [403, ['host: evil.example']],
    [403, ['host: localhost', 'origin: https://evil.example']],
    [403, ['host: localhost', 'origin: null']],
    [400, ['host: localhost', 'host: evil.example']],
    [400, ['Host: localhost', 'HOST: localhost']],
  ])('answers %i to %j', async (status, headers) => {
    expect((await send(app, [get, ...headers]))[0]).toBe(status);
  });

  test.each([
    [201, 'content-type: application/json', '{"__proto__":1}'],
    [415, 'content-type: application/x-www-form-urlencoded', 'id=1'],
    [415, 'content-type: text/plain', '{}'],
    [415, 'content-type: multipart/form-data; boundary=x', 'x'],
    [415, 'x-none: y', '{}'],
    [400, 'content-type: application/json', '{'],
  ])('answers %i to a body with %s', async (status, type, body) => {
    expect((await send(app, [...post, type], body))[0]).toBe(status);
  });

  test('says why', async () => {
    const [, text] = await send(app, [get, 'host: evil.example']);
    expect(JSON.parse(text)).toEqual({
      error: {
        message:
          'This server is not known by the name "evil.example". An operator allows it with API_SERVER_ALLOWED_HOSTS.',
        type: 'permission_error',
        param: null,
        code: 'host_not_allowed',
      },
    });
    const packed = ['content-type: application/json', 'content-encoding: gzip'];
    const [status, why] = await send(app, [...post, ...packed], '{}');
    expect([status, why]).toEqual([415, expect.stringContaining('Content-Encoding')]);
  });

  test('is known by any name where the network sees it', async () => {
    const visible = await open({ host: '0.0.0.0', isVisible: true });
    expect((await send(visible, [get, 'host: pod.example']))[0]).toBe(200);
    expect((await send(visible, [get, 'host: pod.example', 'origin: https://a.example']))[0]).toBe(403);
    await visible.close();
  });
});
