import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../test/support/project-root.js';
import { COMPAT_FOLDER } from './install.js';
import { clients, features } from './matrix.js';
import { pageOf, type Result } from './page.js';

const FILE = join(COMPAT_FOLDER, 'results.json');

/** What each client did when it ran last, in the order of the page. */
export async function results(): Promise<readonly Result[]> {
  const text = await readFile(FILE, 'utf8').catch(() => '[]');
  return JSON.parse(text) as Result[];
}

/** Puts these in the place of older ones of the same clients, and writes the page anew. */
export async function keep(newer: readonly Result[]): Promise<void> {
  const known = new Map([...(await results()), ...newer].map((one) => [one.client.name, one]));
  const kept = (await clients()).flatMap(({ name }) => known.get(name) ?? []);
  await writeFile(FILE, `${JSON.stringify(kept, null, 1)}\n`);
  await writeFile(join(projectRoot(), 'docs/compatibility.md'), await pageNow(kept));
}

/** The page as these results have it. */
export const pageNow = async (kept: readonly Result[]): Promise<string> => pageOf(kept, await features());
