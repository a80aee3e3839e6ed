#!/usr/bin/env node
// npm run pin-images: asks the registries for the digests of the images that the Dockerfile and docker-compose.yml name
// by tag, and writes `name:tag@sha256:...` into them. A digest that is there is asked for anew.
//
//   --check               asks nobody; names the images without a digest, and exits with 1 when there are any
//   --registry http://... asks this address in place of each image's own registry
//   FILE...               other files than those two
//
// Image names and the API: https://distribution.github.io/distribution/spec/api/, the token flow:
// https://distribution.github.io/distribution/spec/auth/token/
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const WAIT_MS = 30_000;
const TOKEN_BYTES_MAX = 65_536;
const HUB = 'registry-1.docker.io';
/** Lists first: the digest of a list fits every platform. */
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const DIGEST = /^sha256:[0-9a-f]{64}$/;

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean', default: false }, registry: { type: 'string' } },
  allowPositionals: true,
});
const files = positionals.length > 0 ? positionals : ['Dockerfile', 'docker-compose.yml'];

try {
  process.exitCode = values.check ? check() : await pin();
} catch (error) {
  console.error(`pin-images: ${error.message}; nothing was written`);
  process.exitCode = 1;
}

function check() {
  const open = files.flatMap((file) =>
    imagesIn(read(file)).flatMap(({ image, digest }) => (digest ? [] : [[file, image]])),
  );
  for (const [file, image] of open) console.log(`pin-images: ${file}: ${image} is not pinned`);
  return open.length > 0 ? 1 : 0;
}

/** All digests are known before the first file is written. */
async function pin() {
  const digests = new Map();
  const texts = new Map(files.map((file) => [file, read(file)]));
  for (const text of texts.values()) {
    for (const { image } of imagesIn(text)) if (!digests.has(image)) digests.set(image, await digestOf(image));
  }
  for (const [file, text] of texts) {
    writeFileSync(file, withDigests(text, digests));
    for (const { image } of imagesIn(text)) console.log(`pin-images: ${file}: ${image}@${digests.get(image)}`);
  }
  return 0;
}

function read(file) {
  return readFileSync(file, 'utf8');
}

/** `FROM image [AS name]` and `image: image`, but for stages of the same file and names that variables make. */
function imagesIn(text) {
  const stages = new Set([...text.matchAll(/^FROM\s.*\sAS\s+(\S+)\s*$/gim)].map(([, name]) => name));
  return [...text.matchAll(imageLine())].flatMap(([, , image, digest]) =>
    stages.has(image) || image === 'scratch' || image.includes('$') ? [] : [{ image, digest }],
  );
}

function withDigests(text, digests) {
  return text.replace(imageLine(), (line, before, image) =>
    digests.has(image) ? `${before}${image}@${digests.get(image)}` : line,
  );
}

/** What stands before the image, the image with its tag, its digest. */
function imageLine() {
  return /^(FROM\s+(?:--\S+\s+)*|\s*image:\s+['"]?)([^\s@'"#]+)(?:@(sha256:[0-9a-f]{64}))?/gim;
}

/** The registry, the repository and the tag of an image, as docker reads its name. */
function partsOf(image) {
  const [first, ...rest] = image.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = hasHost ? rest.join('/') : image;
  const [, name, tag = 'latest'] = /^([^:]+)(?::(.+))?$/.exec(path) ?? [];
  if (!name) throw new Error(`'${image}' is no name of an image`);
  const isHub = !hasHost || first === 'docker.io';
  return { host: isHub ? HUB : first, name: isHub && !name.includes('/') ? `library/${name}` : name, tag };
}

async function digestOf(image) {
  const { host, name, tag } = partsOf(image);
  const base = values.registry ?? `https://${host}`;
  const url = new URL(`/v2/${name}/manifests/${tag}`, base);
  let answer = await ask(url, { method: 'HEAD', headers: { accept: MANIFESTS } });
  if (answer.status === 401) {
    const authorization = `Bearer ${await tokenFor(answer.headers.get('www-authenticate') ?? '', image)}`;
    answer = await ask(url, { method: 'HEAD', headers: { accept: MANIFESTS, authorization } });
  }
  if (answer.status !== 200) throw new Error(`${url.host} answered ${answer.status} for ${image}`);
  const digest = answer.headers.get('docker-content-digest') ?? '';
  if (!DIGEST.test(digest)) throw new Error(`${url.host} gave no digest for ${image}`);
  return digest;
}

/** `Bearer realm="https://...",service="...",scope="..."`: the token is had from the realm. */
async function tokenFor(challenge, image) {
  const fields = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  if (!/^bearer\s/i.test(challenge) || !fields.realm) throw new Error(`the registry of ${image} asks for no token`);
  const url = new URL(fields.realm);
  // A token is not fetched in the clear, but where the registry itself was named that way.
  if (url.protocol !== 'https:' && !values.registry) throw new Error(`the token of ${image} is not to be had by https`);
  for (const key of ['service', 'scope']) if (fields[key]) url.searchParams.set(key, fields[key]);
  const answer = await ask(url, {});
  const text = answer.ok ? await answer.text() : '';
  if (text.length > TOKEN_BYTES_MAX) throw new Error(`the token of ${image} is too long`);
  const { token, access_token: accessToken } = parse(text);
  const found = token ?? accessToken;
  if (typeof found !== 'string') throw new Error(`${url.host} answered ${answer.status} without a token for ${image}`);
  return found;
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

async function ask(url, init) {
  try {
    return await fetch(url, { ...init, redirect: 'follow', signal: globalThis.AbortSignal.timeout(WAIT_MS) });
  } catch (error) {
    throw new Error(`${url.host} could not be asked (${error.cause?.code ?? error.name})`, { cause: error });
  }
}
