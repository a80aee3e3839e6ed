import { request as httpRequest, type Server } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { startApi, type TestApi } from '../support/api-app.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

/** Everything around the runs: errors, keys, origins, hosts, limits, documentation; over real HTTP and a real Redis. */
const ALICE = 'alice-key-0123456789';
const BODY_BYTES_MAX = 20_000;
let redis: TestRedis;
let api: TestApi;

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi({
    REDIS_URL: redis.url,
    API_KEYS: `alice:${ALICE}`,
    MAX_BODY_BYTES: String(BODY_BYTES_MAX),
    API_SERVER_CORS_ORIGINS: 'https://app.example',
    STORE_URL: 'http://127.0.0.1:1',
  });
  await until(async () => (await fetch(`${api.url}/health/ready`)).ok);
});
afterAll(async () => {
  await api.close();
  await redis.stop();
});

const auth = { authorization: `Bearer ${ALICE}` };
const json = { ...auth, 'content-type': 'application/json' };
const chat = '/v1/chat/completions';

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** One request with node:http: any header, any path, chunked when the body is a list. */
function send(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Buffer | readonly (string | Buffer)[],
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${api.url}`, { method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    for (const chunk of Array.isArray(body) ? body : []) request.write(chunk);
    request.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : undefined);
  });
}

const errorOf = ({ body }: Answer): Record<string, unknown> =>
  (JSON.parse(body) as { error: Record<string, unknown> }).error;
const nested = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

describe('every error has the envelope', () => {
  test.each<[string, number, string, () => Promise<Answer>]>([
    ['malformed JSON', 400, 'invalid_json', () => send('POST', chat, json, '{"messages":')],
    ['an empty body', 400, 'invalid_json', () => send('POST', chat, json)],
    [
      'an empty body of length 0',
      400,
      'invalid_json',
      () => send('POST', chat, { ...json, 'content-length': '0' }, ''),
    ],
    ['bad UTF-8', 400, 'invalid_json', () => send('POST', chat, json, Buffer.from('7b2261223a22c328227d', 'hex'))],
    ['deep JSON', 400, 'invalid_json', () => send('POST', chat, json, nested(3_000))],
    ['__proto__', 400, 'invalid_json', () => send('POST', chat, json, '{"__proto__":{"a":1},"messages":[]}')],
    ['an array', 400, 'invalid_request', () => send('POST', chat, json, '[]')],
    ['a scalar', 400, 'invalid_request', () => send('POST', chat, json, '"text"')],
    ['null', 400, 'invalid_json', () => send('POST', chat, json, 'null')],
    ['no messages', 400, 'missing_required_parameter', () => send('POST', chat, json, '{"model":"talaria"}')],
    ['a body over the limit', 413, 'body_too_large', () => send('POST', chat, json, 'x'.repeat(BODY_BYTES_MAX + 1))],
    [
      'a chunked body over the limit',
      413,
      'body_too_large',
      () => send('POST', chat, json, ['x'.repeat(BODY_BYTES_MAX), 'x'.repeat(BODY_BYTES_MAX)]),
    ],
    [
      'another media type',
      415,
      'unsupported_media_type',
      () => send('POST', chat, { ...auth, 'content-type': 'text/plain' }, '{}'),
    ],
    [
      'a form',
      415,
      'unsupported_media_type',
      () => send('POST', chat, { ...auth, 'content-type': 'application/x-www-form-urlencoded' }, 'a=1'),
    ],
    ['no media type', 415, 'unsupported_media_type', () => send('POST', chat, auth, '{}')],
    [
      'another charset',
      415,
      'unsupported_media_type',
      () => send('POST', chat, { ...auth, 'content-type': 'application/json; charset=utf-16' }, '{}'),
    ],
    ['an unknown route', 404, 'not_found', () => send('GET', '/v1/nothing', auth)],
    ['an unknown route with a body', 404, 'not_found', () => send('POST', '/nothing', json, '{')],
    ['a malformed URL', 400, 'invalid_request', () => send('GET', '/v1/runs/%zz', auth)],
    ['an unknown run', 404, 'run_not_found', () => send('GET', '/v1/runs/nothing', auth)],
    [
      'a bad cursor',
      400,
      'invalid_cursor',
      () => send('GET', `/v1/runs/run_${'0'.repeat(32)}/events?after_seq=x`, auth),
    ],
    [
      'two cursors',
      400,
      'invalid_cursor',
      () => send('GET', `/v1/runs/run_${'0'.repeat(32)}/events?after_seq=1&after_seq=2`, auth),
    ],
    [
      'a bad X-On-Disconnect',
      400,
      'invalid_request',
      () => send('POST', chat, { ...json, 'x-on-disconnect': 'maybe' }, '{"messages":[{"role":"user","content":"x"}]}'),
    ],
    [
      'a bad Idempotency-Key',
      400,
      'invalid_idempotency_key',
      () => send('POST', chat, { ...json, 'idempotency-key': 'a b' }, '{}'),
    ],
    ['no key', 401, 'invalid_api_key', () => send('GET', '/v1/models')],
    [
      'a foreign origin',
      403,
      'origin_not_allowed',
      () => send('GET', '/v1/models', { ...auth, origin: 'https://evil.example' }),
    ],
    ['a foreign host', 403, 'host_not_allowed', () => send('GET', '/v1/models', { ...auth, host: 'evil.example' })],
  ])('%s: %i %s', async (_, status, code, ask) => {
    const answer = await ask();
    expect([answer.status, errorOf(answer)['code']]).toEqual([status, code]);
    expect(Object.keys(errorOf(answer)).sort()).toEqual(['code', 'message', 'param', 'type']);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-request-id']).toMatch(/^req_/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.body).not.toMatch(/node_modules|FST_|at .*\.js/);
  });

  test('a wrong method names the right ones', async () => {
    const answer = await send('GET', chat, auth);
    expect([answer.status, errorOf(answer)['code'], answer.headers['allow']]).toEqual([
      405,
      'method_not_allowed',
      'POST',
    ]);
    expect((await send('DELETE', '/v1/models/vendor/name', auth)).headers['allow']).toBe('GET, HEAD');
  });

  /** Sends bytes as they are, and reads until the server closes. */
  async function sendRaw(text: string): Promise<string> {
    const socket = connect({ port: Number(new URL(api.url).port), host: '127.0.0.1' });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.write(text);
    await new Promise((resolve) => socket.once('close', resolve));
    return Buffer.concat(chunks).toString();
  }

  test.each([
    ['a request', 'GET /health HTTP/1.1', 'connection: close'],
    ['a WebSocket', 'GET /v1/responses HTTP/1.1', 'connection: upgrade\r\nupgrade: websocket'],
  ])('two Host headers of %s are 400', async (_, line, connection) => {
    const headers = `host: localhost\r\nHost: other.example\r\nauthorization: ${auth.authorization}\r\n${connection}`;
    const text = await sendRaw(`${line}\r\n${headers}\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: { code: 'invalid_request' } });
  });

  test('a packed body is 415 with words, not read as if it were plain', async () => {
    const packed = gzipSync(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] }));
    const answer = await send('POST', chat, { ...json, 'content-encoding': 'gzip' }, packed);
    expect([answer.status, errorOf(answer)]).toMatchObject([
      415,
      { code: 'unsupported_media_type', message: expect.stringContaining('Content-Encoding') as unknown },
    ]);
    expect((await send('POST', chat, { ...json, 'content-encoding': 'identity' }, '{}')).status).toBe(400);
  });

  test('what is not HTTP is answered and cut off', async () => {
    const text = await sendRaw('GET /health HTTP/1.1\r\nhost: localhost\r\nbad header\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: { code: 'invalid_request' } });
  });

  test('a header block without measure is 431', async () => {
    const answer = await send('GET', '/health', { 'x-large': 'x'.repeat(20_000) });
    expect([answer.status, errorOf(answer)['code']]).toEqual([431, 'invalid_request']);
  });
});

test('slow senders are bounded, and idle connections outlive those of load balancers', () => {
  const server = api.app.getHttpServer() as Server;
  expect(server.headersTimeout).toBe(20_000);
  expect(server.requestTimeout).toBe(60_000);
  expect(server.keepAliveTimeout).toBe(65_000);
});

/** What people open in a browser: public, and no part of the documentation. */
const isPage = (path: string): boolean =>
  path === '/' || /^\/(openapi\.json|docs|assets|chat(?!\/completions)|runs|inbox|jobs|overview)(\/|$)/.test(path);

describe('keys', () => {
  const asks = (path: string): string => path.replace(/:\w+/g, `run_${'0'.repeat(32)}`).replace('*', 'talaria');
  const isPublic = (path: string): boolean =>
    /^\/(healthz?|v1\/health|api\/hello|docs|openapi\.json)(\/|$)/.test(path) || isPage(path);

  test('every route but the public ones asks for one', async () => {
    const guarded = api.routes.routes.filter(({ path }) => !isPublic(path));
    expect(guarded.length).toBeGreaterThan(6);
    const wrong = [{ authorization: 'Bearer wrong' }, { 'x-api-key': 'wrong' }];
    for (const [i, { method, path }] of guarded.entries()) {
      // Wrong keys are counted, and this address may not show one in both ways for every route.
      for (const headers of [{}, ...(i % 8 === 0 ? wrong : [])]) {
        const answer = await send(method, asks(path), headers);
        expect([method, path, answer.status]).toEqual([method, path, 401]);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
      }
    }
  });

  test('public routes do not', async () => {
    for (const path of [
      '/health',
      '/v1/health',
      '/health/live',
      '/health/ready',
      '/health/startup',
      '/docs',
      '/openapi.json',
    ]) {
      expect([path, (await send('GET', path)).status]).toEqual([path, 200]);
    }
  });

  test('a body of a stranger is not read', async () => {
    const answer = await send('POST', chat, { 'content-type': 'application/json' }, '{');
    expect(answer.status).toBe(401);
  });

  test('wrong keys are limited, and the right one still opens', async () => {
    const own = await startApi({ REDIS_URL: redis.url, API_KEYS: `alice:${ALICE}` });
    try {
      const ask = (key: string): Promise<Response> => fetch(`${own.url}/v1/models`, { headers: { 'x-api-key': key } });
      const statuses = new Set<number>();
      for (let i = 0; i < 70; i++) statuses.add((await ask(`wrong-${i}`)).status);
      expect([...statuses]).toEqual([401, 429]);
      expect(Number((await ask('wrong')).headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      await until(async () => (await ask(ALICE)).status === 200);
    } finally {
      await own.close();
    }
  });
});

describe('browsers', () => {
  const origin = 'https://app.example';

  test('an allowed page gets its headers on answers, errors and preflights', async () => {
    const listed = await send('GET', '/v1/models', { ...auth, origin });
    expect(listed).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': origin, vary: 'Origin' } });
    expect(listed.headers['access-control-expose-headers']).toContain('x-run-id');
    const refused = await send('GET', '/v1/models', { origin });
    expect(refused).toMatchObject({ status: 401, headers: { 'access-control-allow-origin': origin } });
    const preflight = await send('OPTIONS', chat, { origin, 'access-control-request-method': 'POST' });
    expect(preflight).toMatchObject({ status: 204, body: '', headers: { 'access-control-max-age': '600' } });
  });

  test('a preflight of a foreign page is refused without any', async () => {
    const answer = await send('OPTIONS', chat, {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
    });
    expect(answer.status).toBe(403);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('security headers stand on everything, and only the documentation may load its own files', async () => {
    for (const path of ['/health', '/v1/models', '/nothing', '/docs']) {
      const { headers } = await send('GET', path, auth);
      expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' });
      expect(headers['permissions-policy']).toBeDefined();
      expect(headers['content-security-policy']).toContain(
        path === '/docs' ? "default-src 'self'" : "default-src 'none'",
      );
    }
  });

  test('a request id that may be kept is kept, another is replaced', async () => {
    expect((await send('GET', '/health', { 'x-request-id': 'abc-1' })).headers['x-request-id']).toBe('abc-1');
    expect((await send('GET', '/health', { 'x-request-id': 'a b' })).headers['x-request-id']).toMatch(/^req_/);
  });
});

describe('documentation and health', () => {
  interface Document {
    readonly paths: Record<string, Record<string, { summary?: string; security?: unknown[] }>>;
    readonly components: {
      readonly schemas: Record<string, unknown>;
      readonly securitySchemes: Record<string, unknown>;
    };
  }
  const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

  test('the documented paths are the routes, each with a summary', async () => {
    const document = JSON.parse((await send('GET', '/openapi.json')).body) as Document;
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { summary }]) => {
        expect([path, summary ?? '']).not.toEqual([path, '']);
        return `${method.toUpperCase()} ${path}`;
      }),
    );
    const routed = api.routes.routes
      .filter(({ method, path }) => METHODS.has(method) && !isPage(path))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}').replace('*', '{path}')}`);
    expect(documented.sort()).toEqual([...new Set(routed)].sort());
    expect(document.components.schemas).toHaveProperty('Error');
    expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'x-api-key']);
  });

  test('capabilities name every route of /v1 and /api, and nothing that is none', async () => {
    const { body } = await send('GET', '/v1/capabilities', auth);
    const { endpoints } = JSON.parse(body) as { endpoints: Record<string, { method: string; path: string }> };
    const named = Object.values(endpoints).map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`);
    const routed = api.routes.routes
      .filter(({ method, path }) => METHODS.has(method) && /^\/(v1|api|health$)/.test(path) && path !== '/v1/health')
      .map(({ method, path }) => `${method} ${path.replace(/:\w+|\*/g, '{}')}`);
    expect(named.sort()).toEqual([...new Set(routed)].sort());
  });

  test('the body of a protocol is described by its own schema', async () => {
    const { body } = await send('GET', '/openapi.json');
    expect(body).toContain('"messages"');
  });

  test('the page finds its files', async () => {
    const page = await send('GET', '/docs');
    expect(page.headers['content-type']).toContain('text/html');
    for (const file of ['swagger-ui-bundle.js', 'swagger-ui.css', 'start.js']) {
      expect([file, (await send('GET', `/docs/${file}`)).status]).toEqual([file, 200]);
    }
  });

  test('health names the version', async () => {
    const { body } = await send('GET', '/v1/health');
    expect(JSON.parse(body)).toEqual({ status: 'degraded', service: 'talaria', version: 'test', workers: 0 });
  });

  test('a process that drains is not ready, and sends work elsewhere', async () => {
    const own = await startApi({ REDIS_URL: redis.url });
    try {
      await own.drain.begin(1);
      const ready = await fetch(`${own.url}/health/ready`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({ status: 'error', error: { service: { status: 'down' } } });
      expect((await fetch(`${own.url}/health/live`)).status).toBe(200);
      const refused = await fetch(`${own.url}/v1/models`);
      expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
      expect(await refused.json()).toMatchObject({ error: { code: 'draining' } });
    } finally {
      await own.close();
    }
  });
});
