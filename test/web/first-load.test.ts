import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../support/project-root.js';

/** The first load may have this many bytes, compressed by gzip; what is loaded later does not count. */
const FIRST_LOAD_BYTES_MAX = 160_000;

interface Manifest {
  readonly files: Readonly<Record<string, { readonly sizes: { readonly gzip: number; readonly br: number } }>>;
}

const folder = join(projectRoot(), 'dist/web');

test('the document and all that it names stay within the budget', async () => {
  const { files } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  const document = await readFile(join(folder, 'index.html'), 'utf8');
  const named = [...document.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css|svg))"/g)].map(([, name]) => name ?? '');
  expect(named.length).toBeGreaterThanOrEqual(3);
  const bytes = ['index.html', ...named].reduce((sum, name) => sum + (files[name]?.sizes.gzip ?? Infinity), 0);
  process.stdout.write(`first load: ${bytes} bytes by gzip\n`);
  expect(bytes).toBeLessThan(FIRST_LOAD_BYTES_MAX);
});

test('nothing is fetched from elsewhere, and nothing stands inline', async () => {
  const document = await readFile(join(folder, 'index.html'), 'utf8');
  expect(document).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  expect(document).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=/);
});
