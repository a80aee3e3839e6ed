// Builds the web page into dist/web, unless it is there already: the manifest remembers a hash of all that goes into
// it.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { WEB_SOURCES } from './build-state.mjs';
import { contentHash, filesIn } from './hash-files.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'dist/web');
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

const hash = contentHash(root, WEB_SOURCES);
if ((await builtHash()) !== hash) await build();

async function build() {
  const { build: bundle } = await import('vite');
  // Built aside and moved: a server that runs meanwhile never finds half a page.
  const fresh = `${target}.${process.pid}`;
  await bundle({
    root: join(root, 'apps/web'),
    configFile: join(root, 'apps/web/vite.config.mjs'),
    logLevel: 'warn',
    build: { outDir: fresh, emptyOutDir: true },
  });
  const names = filesIn(fresh);
  const files = Object.fromEntries(await Promise.all(names.map((name) => pack(fresh, name))));
  await writeFile(join(fresh, 'manifest.json'), JSON.stringify({ hash, files }));
  await rm(target, { recursive: true, force: true });
  await rename(fresh, target);
}

/** Compresses once what would be compressed at every answer. */
async function pack(folder, name) {
  const text = await readFile(join(folder, name));
  const [br, gz] = await Promise.all([promisify(brotliCompress)(text), promisify(gzip)(text, { level: 9 })]);
  await Promise.all([writeFile(join(folder, `${name}.br`), br), writeFile(join(folder, `${name}.gz`), gz)]);
  const sizes = { raw: text.length, br: br.length, gzip: gz.length };
  return [name, { type: TYPES[extname(name)] ?? 'application/octet-stream', encodings: ['br', 'gzip'], sizes }];
}

async function builtHash() {
  try {
    return JSON.parse(await readFile(join(target, 'manifest.json'), 'utf8')).hash;
  } catch {
    return undefined;
  }
}
