import type { RequestListener } from 'node:http';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { JsonObject, Tool, ToolResult } from '#libs/contract';
import { openGuard, openResolver } from '#libs/guarded-fetch';
import { httpFetch } from '../../../libs/tools/src/http-fetch/http-fetch.js';
import { readableText } from '../../../libs/tools/src/http-fetch/readable-text.js';
import { mustEnd } from '../../support/hang.js';
import { startHttpServer, type TestHttpServer } from '../../support/http-server.js';
import { toolContext } from '../../support/tool-context.js';

let server: TestHttpServer;
let listener: RequestListener;
let base: string;
beforeAll(async () => {
  server = await startHttpServer((request, response) => listener(request, response));
  base = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.close());

const tool: Tool = httpFetch(openGuard({ allowedHosts: ['127.0.0.1/32'], resolve: openResolver() }));
const fetchIt = (args: JsonObject = {}): Promise<ToolResult> =>
  tool.execute({ url: `${base}/`, ...args }, toolContext());

/** Answers with a body of this type. */
function serve(type: string | undefined, body: string | Buffer, headers: Record<string, string> = {}): void {
  listener = (_request, response) => {
    if (type !== undefined) response.setHeader('content-type', type);
    response.writeHead(200, headers).end(body);
  };
}

describe('http_fetch', () => {
  test('gives status, address and text', async () => {
    serve('application/json; charset=utf-8', '{"a":"ü"}');
    expect(await fetchIt()).toEqual({ output: `200 ${base}/ application/json\n\n{"a":"ü"}`, isError: false });
  });

  test('reads the charset that the server names, and UTF-8 when nobody knows it', async () => {
    serve('text/plain; charset="iso-8859-1"', Buffer.from([0x66, 0xfc, 0x72]));
    expect((await fetchIt()).output).toContain('\nfür');
    serve('text/plain; charset=klingon', 'für');
    expect((await fetchIt()).output).toContain('\nfür');
  });

  const word = Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]);
  const bytes = (...parts: (string | Buffer)[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part)));
  test.each<[string, string, Buffer, string]>([
    ['<meta charset>', 'text/html', bytes('<meta charset="windows-1251">', word), 'Привет'],
    [
      '<meta http-equiv>',
      'text/html',
      bytes('<meta http-equiv=Content-Type content="text/html; charset=windows-1251">', word),
      'Привет',
    ],
    ['an XML declaration', 'text/xml', bytes(`<?xml version="1.0" encoding='windows-1251'?><a>`, word), 'Привет'],
    ['a Japanese page', 'text/html', bytes('<meta charset=Shift_JIS>', Buffer.from([0x93, 0xfa, 0x96, 0x7b])), '日本'],
    ['a byte order mark', 'text/plain; charset=utf-8', bytes(Buffer.from([0xff, 0xfe, 0x66, 0, 0xfc, 0])), 'fü'],
    ['the header against the page', 'text/html; charset=utf-8', bytes('<meta charset="windows-1251">für'), 'für'],
    ['a page that says UTF-16 and is not', 'text/html', bytes('<meta charset="utf-16">für'), 'für'],
    ['bytes that cannot be UTF-8', 'text/plain', Buffer.from([0x66, 0xfc, 0x72]), 'für'],
    ['a label that nobody knows, in the page', 'text/html', bytes('<meta charset="klingon">für'), 'für'],
  ])('reads the charset of %s', async (_what, type, body, text) => {
    serve(type, body);
    expect((await fetchIt()).output).toContain(text);
  });

  test.each<[string, Buffer]>([
    ['gzip', gzipSync('unpacked')],
    ['X-GZIP', gzipSync('unpacked')],
    ['deflate', deflateSync('unpacked')],
    ['deflate', deflateRawSync('unpacked')],
    ['br', brotliCompressSync('unpacked')],
    ['deflate, gzip', gzipSync(deflateSync('unpacked'))],
    ['identity', Buffer.from('unpacked')],
  ])('unpacks %s', async (encoding, body) => {
    serve('text/plain', body, { 'content-encoding': encoding });
    expect(await fetchIt()).toEqual({ output: `200 ${base}/ text/plain\n\nunpacked`, isError: false });
  });

  test('unpacks no more than it would read', async () => {
    serve('text/plain', gzipSync(Buffer.alloc(50_000_000, 'x')), { 'content-encoding': 'gzip' });
    const { output } = await fetchIt({ max_chars: 10 });
    expect(output).toContain('[Text cut: 1999990 more characters were left out.]');
    expect(output).toContain('[Only the first 2000000 bytes of the content were read.]');
  });

  test('of packed content that ends too early the beginning is shown', async () => {
    const packed = gzipSync(Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('')));
    serve('text/plain', packed.subarray(0, packed.length / 2), { 'content-encoding': 'gzip' });
    expect(await fetchIt()).toMatchObject({ isError: false, output: expect.stringContaining('line 100\n') });
  });

  test('reduces HTML to its text', async () => {
    serve('text/html', '<html><title>T &amp; U</title><script>evil()</script><p>One<p>Two</html>');
    expect((await fetchIt()).output).toBe(`200 ${base}/ text/html\n\nT & U\n\nOne\nTwo`);
  });

  test('cuts at max_chars and says how much is missing', async () => {
    serve('text/plain', 'x'.repeat(30_000));
    expect((await fetchIt()).output).toMatch(/\nx{20000}\n\[Text cut: 10000 more characters were left out\.\]$/);
    expect((await fetchIt({ max_chars: 5 })).output).toMatch(/\nxxxxx\n\[Text cut: 29995 more/);
  });

  test('says so when the content was too long to be read', async () => {
    serve('text/plain', 'x'.repeat(2_000_001));
    const { output } = await fetchIt({ max_chars: 10 });
    expect(output).toContain('[Only the first 2000000 bytes of the content were read.]');
  });

  test('of a very long page the beginning is read', async () => {
    serve('text/html', '<p>x'.repeat(200_000));
    const { output } = await fetchIt({ max_chars: 100_000 });
    expect(output.split('\n').filter((line) => line === 'x').length).toBeGreaterThan(10_000);
    expect(output).toContain('[Only the first 500000 characters of the page were read.]');
  });

  test.each<[string, string | undefined, Buffer, Record<string, string>, string]>([
    ['an image', 'image/png', Buffer.alloc(300), {}, 'type image/png, 300 bytes'],
    ['content without a type that has a NUL', undefined, Buffer.from('PK\0\0'), {}, 'type unknown, 4 bytes'],
    ['a large file', 'application/zip', Buffer.alloc(2_000_001), {}, 'type application/zip, more than 2000000 bytes'],
    ['an unknown coding', 'text/plain', Buffer.from('hi'), { 'content-encoding': 'zz' }, 'text/plain, zz-compressed'],
    ['no gzip', 'text/plain', Buffer.from('hi'), { 'content-encoding': 'gzip' }, 'text/plain, gzip-compressed'],
    [
      'a file within four codings',
      'text/plain',
      gzipSync('hi'),
      { 'content-encoding': 'gzip, gzip, gzip, gzip' },
      'gzip, gzip, gzip, gzip-compressed',
    ],
  ])('%s is named and not shown', async (_what, type, body, headers, text) => {
    serve(type, body, headers);
    const { output, isError } = await fetchIt();
    expect(isError).toBe(true);
    expect(output).toContain(text);
  });

  test('content without a type that looks like text is text', async () => {
    serve(undefined, 'plain');
    expect(await fetchIt()).toMatchObject({ isError: false, output: expect.stringContaining('plain') });
  });

  test('an error page is an error, with its text', async () => {
    listener = (_request, response) =>
      void response.writeHead(404, { 'content-type': 'text/plain' }).end('no such page');
    expect(await fetchIt()).toMatchObject({ isError: true, output: `404 ${base}/ text/plain\n\nno such page` });
  });

  test('HEAD shows headers', async () => {
    serve('application/zip', Buffer.alloc(10), { 'content-length': '10', etag: '"v1"', 'set-cookie': 'secret=1' });
    expect(await fetchIt({ method: 'HEAD' })).toEqual({
      output: `200 ${base}/ application/zip\ncontent-type: application/zip\ncontent-length: 10\netag: "v1"`,
      isError: false,
    });
  });

  test.each<[JsonObject, string]>([
    [{ url: 5 }, 'url'],
    [{ method: 'POST' }, 'method'],
    [{ method: 'get' }, 'method'],
    [{ max_chars: 0 }, 'max_chars'],
    [{ max_chars: 1.5 }, 'max_chars'],
    [{ max_chars: 1_000_000 }, 'max_chars'],
    [{ max_chars: '5' }, 'max_chars'],
  ])('the arguments %j are refused', async (args, name) => {
    listener = () => {
      throw new Error('must not be asked');
    };
    expect(await fetchIt(args)).toMatchObject({ isError: true, output: expect.stringContaining(name) });
  });

  test('a refusal and a failure are answers for the model', async () => {
    expect(await fetchIt({ url: 'http://10.0.0.1/' })).toEqual({
      output: 'The URL is refused: the host 10.0.0.1 is not on the public internet.',
      isError: true,
    });
    const gone = await startHttpServer(() => undefined);
    await gone.close();
    expect(await fetchIt({ url: `http://127.0.0.1:${gone.port}/` })).toMatchObject({
      isError: true,
      output: 'The fetch failed: the connection failed (ECONNREFUSED).',
    });
  });
});

describe('text of a page', () => {
  test.each([
    ['<h1>A</h1><p>b <b>c</b>\n  d</p>', 'A\n\nb c\nd'],
    ['<ul><li>a<li>b</ul>', '- a\n- b'],
    ['<table><tr><td>a</td><td>b</td></tr></table>', 'a b'],
    ['x<style>p{}</style >y<SCRIPT src="a">1 < 2</SCRIPT>z', 'x y z'],
    ['a<!-- <p>no</p> -->b', 'ab'],
    ['<a class=k href="https://x.test/a?b=1&amp;c">go</a> <a href="/rel">here</a>', '[https://x.test/a?b=1&c] go here'],
    [
      '1 < 2 &amp;&amp; 3 > 2 &#8364; &#x20AC; &euro; &nope; &#0; &#x110000;',
      '1 < 2 && 3 > 2 € € € &nope; &#0; &#x110000;',
    ],
    ['&lt;script&gt;', '<script>'],
    ['<!DOCTYPE html><body>ok', 'ok'],
    ['open <script>never closed', 'open'],
    ['open <!-- never closed', 'open'],
    ['open <p', 'open'],
    ['', ''],
  ])('%j', (html, text) => {
    expect(readableText(html)).toBe(text);
  });

  test.each(['<', '<a ', '<!--', '<script>', '</', '<a href=', '&#', ' \n', '<p>', '<svg><', 'href = '])(
    'two million characters of %j are no work',
    (piece) => {
      const html = piece.repeat(2_000_000 / piece.length);
      expect(() => mustEnd(() => readableText(html))).not.toThrow();
    },
  );
});
