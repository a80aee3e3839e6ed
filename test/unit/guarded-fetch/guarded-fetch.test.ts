import type { RequestListener } from 'node:http';
import type { Resolve } from '../../../libs/guarded-fetch/src/check-target.js';
import {
  FETCH_LIMITS,
  guardedFetch,
  openGuard,
  type FetchOutcome,
} from '../../../libs/guarded-fetch/src/guarded-fetch.js';
import { startHttpServer, type TestHttpServer } from '../../support/http-server.js';
import { withSlack } from '../../support/slack.js';
import { until } from '../../support/until.js';

const NAMES: Record<string, string[]> = {
  'good.test': ['127.0.0.1'],
  'sneaky.test': ['127.0.0.2'],
  'half.test': ['93.184.216.34', '10.0.0.1'],
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1', '::1'],
  'metadata.google.internal': ['169.254.169.254'],
  'six.test': ['::ffff:127.0.0.1'],
};

const resolve: Resolve = async (hostname) => {
  const addresses = NAMES[hostname];
  if (!addresses) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' });
  return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
};

let server: TestHttpServer;
let listener: RequestListener;
let seen: string[];

beforeAll(async () => {
  server = await startHttpServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    listener(request, response);
  }, '0.0.0.0');
});
afterAll(() => server.close());
beforeEach(() => {
  seen = [];
  listener = (_request, response) => response.end('hello');
});

interface Options {
  readonly allowedHosts?: readonly string[];
  readonly resolve?: Resolve;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly method?: 'GET' | 'HEAD';
}

function get(url: string, options: Options = {}): Promise<FetchOutcome> {
  const { signal = new AbortController().signal, method = 'GET', allowedHosts = ['127.0.0.1/32'], ...rest } = options;
  return guardedFetch({ url, method, signal }, openGuard({ allowedHosts, resolve, ...rest }));
}

const textOf = (outcome: FetchOutcome): string =>
  outcome.kind === 'response' ? Buffer.from(outcome.body).toString() : `${outcome.kind}: ${outcome.why}`;

/** Every way in that K12 lists; `@` stands for the port of a server that would answer. */
const ESCAPES = [
  'http://127.1:@/',
  'http://127.0.0.1:@/',
  'http://127.0.0.1.:@/',
  'http://0x7f.1:@/',
  'http://0x7f000001:@/',
  'http://2130706433:@/',
  'http://0177.0.0.1:@/',
  'http://①②⑦.0.0.1:@/',
  'http://127。0。0。1:@/',
  'http://%31%32%37.0.0.1:@/',
  'http://[::ffff:127.0.0.1]:@/',
  'http://[::ffff:7f00:1]:@/',
  'http://[64:ff9b::7f00:1]:@/',
  'http://[::127.0.0.1]:@/',
  'http://[2002:7f00:1::]:@/',
  'http://[2001:0:7f00:1::]:@/',
  'http://[fd00::1]:@/',
  'http://[fe80::1]:@/',
  'http://[::1]:@/',
  'http://[::]:@/',
  'http://0:@/',
  'http://0.0.0.0:@/',
  'http://localhost:@/',
  'http://localhost.:@/',
  'http://LOCALHOST:@/',
  'http://10.0.0.1:@/',
  'http://100.64.0.1:@/',
  'http://169.254.169.254/latest/meta-data/',
  'http://metadata.google.internal/',
  'http://168.63.129.16/',
  'http://224.0.0.1:@/',
  'http://255.255.255.255:@/',
  'http://half.test:@/',
  'http://six.test:@/',
  'http://good.com\\@127.0.0.1:@/',
  'http://127.0.0.1:@\\@good.com/',
  'http://user:pass@good.test:@/',
  'http://user@good.test:@/',
  'http://good.test:@/a b',
  'http://good.test:@/\r\nX-Injected: 1',
  '\thttp://good.test:@/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:@/',
  'ftp://good.test/',
  'data:text/html,hello',
  'javascript:alert(1)',
  'blob:http://good.test/1',
  'ws://good.test:@/',
  `http://good.test:@/${'x'.repeat(9_000)}`,
];
const withPort = (url: string): string => url.replace(/:@(?=[/\\])/, `:${server.port}`);

describe('the ways in', () => {
  test.each(ESCAPES)('%s is refused', async (url) => {
    // good.test is allowed by its name, so that only the form of the URL can be the reason for the refusal.
    const outcome = await get(withPort(url), { allowedHosts: ['good.test'] });
    expect(outcome.kind).toBe('refused');
    expect(seen).toEqual([]);
  });

  // A Location header cannot hold control characters, and only the host of a relative one can be wrong.
  const inHeader = ESCAPES.filter((url) => !/[\r\n\t]/.test(url));
  test.each(inHeader)('a redirect to %s is refused', async (url) => {
    listener = (_request, response) => {
      response.writeHead(302, { location: Buffer.from(withPort(url)).toString('latin1') }).end();
    };
    const outcome = await get(`http://good.test:${server.port}/start`, { allowedHosts: ['good.test'] });
    expect(outcome.kind).toBe('refused');
    expect(seen).toEqual(['GET /start']);
  });

  test.each(['', 'good.test', '//good.test/', '/path', 'http://', 'http://:80/'])('%j is no URL', async (url) => {
    expect((await get(url)).kind).toBe('refused');
  });

  test('a name that resolves to loopback is refused without an allowance and reached with one', async () => {
    const url = `http://good.test:${server.port}/`;
    expect((await get(url, { allowedHosts: [] })).kind).toBe('refused');
    expect(textOf(await get(url))).toBe('hello');
    expect(textOf(await get(url, { allowedHosts: ['good.test'] }))).toBe('hello');
    expect((await get(url, { allowedHosts: ['other.test'] })).kind).toBe('refused');
  });

  test('a name is resolved once and the connection goes to what was checked', async () => {
    // The first answer is allowed and has a server; every later answer would be another place on this machine.
    let asked = 0;
    const rebinding: Resolve = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
    let local = '';
    listener = (request, response) => {
      local = request.socket.localAddress ?? '';
      response.end('hello');
    };
    const outcome = await get(`http://rebind.test:${server.port}/`, { resolve: rebinding });
    expect(textOf(outcome)).toBe('hello');
    expect([asked, local]).toEqual([1, '127.0.0.1']);
  });

  test('every hop is resolved and checked anew', async () => {
    let asked = 0;
    const rebinding: Resolve = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
    listener = (_request, response) => void response.writeHead(302, { location: '/again' }).end();
    const outcome = await get(`http://rebind.test:${server.port}/`, { resolve: rebinding });
    expect(outcome.kind).toBe('refused');
    expect(seen).toEqual(['GET /']);
  });
});

describe('redirects', () => {
  test('three are followed, also to another host; the fourth is not', async () => {
    const { port } = server;
    listener = (request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) return void response.end('there');
      const location = left % 2 === 0 ? `/${left - 1}` : `http://127.0.0.1:${port}/${left - 1}`;
      response.writeHead(301 + (left % 3), { location }).end();
    };
    const outcome = await get(`http://good.test:${port}/3#part`);
    expect(textOf(outcome)).toBe('there');
    expect(outcome).toMatchObject({ url: `http://127.0.0.1:${port}/0` });
    expect(textOf(await get(`http://good.test:${port}/4`))).toContain('more than 3 redirects');
  });

  test('a redirect without a place to go is an answer', async () => {
    listener = (_request, response) => void response.writeHead(302).end('lost');
    expect(await get(`http://good.test:${server.port}/`)).toMatchObject({ kind: 'response', status: 302 });
  });
});

describe('limits', () => {
  test('an endless body is read up to the limit, then the connection is closed', async () => {
    let closed = false;
    listener = (_request, response) => {
      response.on('close', () => (closed = true));
      const block = Buffer.alloc(65_536, 'x');
      const more = (): void => {
        while (!closed && response.write(block));
      };
      response.on('drain', more);
      more();
    };
    const outcome = await get(`http://good.test:${server.port}/`);
    expect(outcome).toMatchObject({ kind: 'response', isCut: true });
    expect(outcome.kind === 'response' && outcome.body.length).toBe(FETCH_LIMITS.bodyBytesMax);
    await until(() => closed, { what: 'the connection to be closed' });
  });

  test('a body of just the limit is whole', async () => {
    listener = (_request, response) => response.end(Buffer.alloc(FETCH_LIMITS.bodyBytesMax, 'x'));
    const outcome = await get(`http://good.test:${server.port}/`);
    expect(outcome).toMatchObject({ kind: 'response', isCut: false });
  });

  test.each<[string, RequestListener]>([
    ['never answers', () => undefined],
    ['never ends its body', (_request, response) => void response.write('a')],
  ])('a server that %s is given up', async (_what, slow) => {
    let closed = false;
    listener = (request, response) => {
      request.socket.on('close', () => (closed = true));
      slow(request, response);
    };
    // The request has to reach the server before it is given up.
    const timeoutMs = withSlack(500);
    const outcome = await get(`http://good.test:${server.port}/`, { timeoutMs });
    expect(textOf(outcome)).toBe(`failed: there was no whole answer within ${timeoutMs / 1_000} s`);
    await until(() => closed, { what: 'the connection to be closed' });
  });

  test('a name server that never answers is given up', async () => {
    const outcome = await get('http://x.test/', { timeoutMs: 50, resolve: () => new Promise(() => undefined) });
    expect(textOf(outcome)).toContain('no whole answer');
  });

  test('an abort rejects with its reason and closes the connection', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    let closed = false;
    listener = (request) => {
      request.socket.on('close', () => (closed = true));
      controller.abort(reason);
    };
    await expect(get(`http://good.test:${server.port}/`, { signal: controller.signal })).rejects.toBe(reason);
    await until(() => closed, { what: 'the connection to be closed' });
    await expect(get(`http://good.test:${server.port}/`, { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('what is asked and answered', () => {
  test('its own name, no credentials, the host of the URL', async () => {
    let headers: NodeJS.Dict<string | string[]> = {};
    listener = (request, response) => {
      headers = request.headers;
      response.setHeader('X-Twice', ['a', 'b']).writeHead(404).end('nothing');
    };
    const outcome = await get(`http://good.test:${server.port}/x?y=1`);
    expect(outcome).toMatchObject({ kind: 'response', status: 404 });
    expect(outcome.kind === 'response' && outcome.headers.get('x-twice')).toBe('a');
    expect(seen).toEqual(['GET /x?y=1']);
    expect(headers).toMatchObject({ host: `good.test:${server.port}`, 'user-agent': 'Talaria-Fetch/1.0' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['cookie']));
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['authorization']));
  });

  test('a POST carries its body and headers, and its redirects are answers', async () => {
    const bodies: string[] = [];
    listener = (request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(`${String(request.headers['x-sign'])} ${chunk.toString()}`));
      request.on('end', () => response.writeHead(307, { location: '/elsewhere' }).end());
    };
    const order = { url: `http://good.test:${server.port}/hook`, method: 'POST', body: '{"a":1}' } as const;
    const guard = openGuard({ allowedHosts: ['127.0.0.1/32'], resolve });
    const signal = new AbortController().signal;
    const outcome = await guardedFetch({ ...order, headers: { 'x-sign': 'yes' }, signal }, guard);
    expect(outcome).toMatchObject({ kind: 'response', status: 307 });
    expect([seen, bodies]).toEqual([['POST /hook'], ['yes {"a":1}']]);
  });

  test('HEAD has no body', async () => {
    expect(await get(`http://good.test:${server.port}/`, { method: 'HEAD' })).toMatchObject({ status: 200 });
    expect(seen).toEqual(['HEAD /']);
  });

  test('an unknown name and a closed port are failures, without details of our network', async () => {
    expect(textOf(await get('http://nowhere.test/'))).toBe('failed: the host nowhere.test is not known');
    const closed = await startHttpServer(() => undefined);
    await closed.close();
    expect(textOf(await get(`http://good.test:${closed.port}/`))).toBe('failed: the connection failed (ECONNREFUSED)');
  });
});
