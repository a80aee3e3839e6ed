// Names and hashes of the files below some folders, for the builds that look whether there is anything to do.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Folders whose files nobody here wrote. */
const FOREIGN = new Set(['node_modules', '.git']);

/** Paths of all files below `folder`, relative to it, in the order of their names. */
export function filesIn(folder, below = '') {
  const entries = readdirSync(join(folder, below), { withFileTypes: true });
  const lists = entries.map((entry) => {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (!entry.isDirectory()) return [name];
    return FOREIGN.has(entry.name) ? [] : filesIn(folder, name);
  });
  return lists.flat().sort();
}

/** A hash over the paths and the contents of files and of all files in folders; what is missing is left out. */
export function contentHash(root, sources) {
  const sum = createHash('sha256');
  for (const source of sources) {
    const path = join(root, source);
    if (!existsSync(path)) continue;
    const names = statSync(path).isDirectory() ? filesIn(path) : [''];
    for (const name of names) sum.update(`${source}/${name}\0`).update(readFileSync(join(path, name)));
  }
  return sum.digest('hex');
}

/** A hash over paths, sizes and times of change of the files below `folder` that `counts` takes. */
export function statHash(folder, counts) {
  const sum = createHash('sha256');
  if (!existsSync(folder)) return '';
  for (const name of filesIn(folder).filter(counts)) {
    const { size, mtimeMs } = statSync(join(folder, name));
    sum.update(`${name}\0${size}\0${mtimeMs}\0`);
  }
  return sum.digest('hex');
}
