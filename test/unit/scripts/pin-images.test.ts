import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../support/project-root.js';

const digest = (of: string): string => `sha256:${of.repeat(64)}`;
const DOCKERFILE =
  'FROM node:24-slim AS build\nRUN true\nFROM build AS more\nFROM --platform=linux/amd64 node:24-slim\n';
const COMPOSE = `services:
  api:
    image: talaria:\${TALARIA_VERSION:-local}
  redis:
    image: redis:7-alpine # small
  other:
    image: 'ghcr.io/someone/thing@${digest('9')}'
`;

/** A registry that wants a token, as the large ones do. */
let registry: Server;
let address: string;
let asked: { method?: string | undefined; url?: string | undefined; accept?: string | undefined }[];
let folder: string;
let digests: Record<string, string>;

beforeEach(async () => {
  asked = [];
  digests = {
    'library/node/manifests/24-slim': digest('a'),
    'library/redis/manifests/7-alpine': digest('b'),
    'someone/thing/manifests/latest': digest('c'),
  };
  registry = createServer((request: IncomingMessage, response) => {
    const { method, url = '', headers } = request;
    asked.push({ method, url, accept: headers.accept });
    if (url.startsWith('/token?')) return void response.end(JSON.stringify({ token: `for ${url}` }));
    if (!headers.authorization?.startsWith('Bearer for /token?service=fake&scope=repository')) {
      const challenge = `Bearer realm="${address}/token",service="fake",scope="repository:x:pull"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    const found = digests[url.slice('/v2/'.length)];
    response.writeHead(found === undefined ? 404 : 200, found ? { 'docker-content-digest': found } : {}).end();
  });
  registry.listen(0, '127.0.0.1');
  await once(registry, 'listening');
  address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'talaria-pin-'));
  writeFileSync(join(folder, 'Dockerfile'), DOCKERFILE);
  writeFileSync(join(folder, 'docker-compose.yml'), COMPOSE);
});
afterEach(() => {
  registry.close();
  rmSync(folder, { recursive: true, force: true });
});

async function pinImages(...args: string[]): Promise<{ status: number; output: string }> {
  const script = join(projectRoot(), 'scripts/pin-images.mjs');
  const child = spawn(process.execPath, [script, ...args], { cwd: folder, env: {} });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const [status] = (await once(child, 'close')) as [number];
  return { status, output };
}
const text = (file: string): string => readFileSync(join(folder, file), 'utf8');

test('every image gets the digest of its tag, and nothing else changes', async () => {
  const { status, output } = await pinImages('--registry', address);
  expect([status, output]).toEqual([0, expect.stringContaining(`docker-compose.yml: redis:7-alpine@${digest('b')}`)]);
  expect(text('Dockerfile')).toBe(DOCKERFILE.replaceAll('node:24-slim', `node:24-slim@${digest('a')}`));
  expect(text('docker-compose.yml')).toBe(
    COMPOSE.replace('redis:7-alpine', `redis:7-alpine@${digest('b')}`).replace(digest('9'), digest('c')),
  );
  const manifests = asked.filter(({ url }) => url?.startsWith('/v2/'));
  expect(new Set(manifests.map(({ method }) => method))).toEqual(new Set(['HEAD']));
  expect(manifests.every(({ accept }) => accept?.includes('image.index.v1+json'))).toBe(true);
});

test('a second time it pins what the tags mean then', async () => {
  await pinImages('--registry', address);
  digests['library/node/manifests/24-slim'] = digest('d');
  await pinImages('--registry', address);
  expect(text('Dockerfile')).toBe(DOCKERFILE.replaceAll('node:24-slim', `node:24-slim@${digest('d')}`));
});

test('--check names what is not pinned, and asks nobody', async () => {
  const before = await pinImages('--check');
  expect(before.status).toBe(1);
  expect(before.output.split('\n').filter(Boolean)).toEqual([
    'pin-images: Dockerfile: node:24-slim is not pinned',
    'pin-images: Dockerfile: node:24-slim is not pinned',
    'pin-images: docker-compose.yml: redis:7-alpine is not pinned',
  ]);
  expect(asked).toEqual([]);
  await pinImages('--registry', address);
  expect(await pinImages('--check')).toEqual({ status: 0, output: '' });
});

test.each([
  ['does not know an image', (): unknown => delete digests['library/redis/manifests/7-alpine'], /answered 404/],
  ['gives something else', (): unknown => (digests['library/redis/manifests/7-alpine'] = 'sha256:1'), /gave no digest/],
])('of a registry that %s nothing is written', async (_what, change, message) => {
  change();
  const { status, output } = await pinImages('--registry', address);
  expect([status, output]).toEqual([1, expect.stringMatching(message)]);
  expect([text('Dockerfile'), text('docker-compose.yml')]).toEqual([DOCKERFILE, COMPOSE]);
});

test('a registry that is not there is said', async () => {
  const { status, output } = await pinImages('--registry', 'http://127.0.0.1:1');
  expect([status, output]).toEqual([1, expect.stringContaining('could not be asked')]);
});
