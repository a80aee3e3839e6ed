import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The askers for a name of a front door: the program (with benchmarks and fuzz), or only tests. */
export type Asker = 'program' | 'test';

const LIST = /(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'#libs\/([\w-]+)'/g;
const LATE = /\{([^{}]*)\}\s*=\s*await\s+import\('#libs\/([\w-]+)'\)/g;
const TYPE = /import\('#libs\/([\w-]+)'\)\.(\w+)/g;
const DOOR = /export\s+(?:type\s+)?\{([^}]*)\}/g;

const names = (list: string, side: 0 | -1): string[] =>
  list
    .split(',')
    .map((name) => name.trim().replace(/^type\s+/, ''))
    .filter((name) => name !== '')
    .map((name) => name.split(/\s+as\s+|\s*:\s*/).at(side) ?? name);

/** The exports of the front doors of all libraries, as `<library> <name>`. */
export function exportsOf(root: string): string[] {
  return readdirSync(join(root, 'libs')).flatMap((library) => {
    const door = readFileSync(join(root, 'libs', library, 'src/index.ts'), 'utf8');
    return [...door.matchAll(DOOR)].flatMap(([, list = '']) => names(list, -1).map((name) => `${library} ${name}`));
  });
}

/** The asker for each `<library> <name>` that the sources of these folders import. */
export function askersOf(root: string, folders: readonly string[]): ReadonlyMap<string, Asker> {
  const askers = new Map<string, Asker>();
  for (const folder of folders) {
    const asker = folder === 'test' ? 'test' : 'program';
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      for (const key of asked(readFileSync(join(root, folder, file), 'utf8'))) {
        if (askers.get(key) !== 'program') askers.set(key, asker);
      }
    }
  }
  return askers;
}

function asked(source: string): string[] {
  const lists = [...source.matchAll(LIST), ...source.matchAll(LATE)];
  return [
    ...lists.flatMap(([, list = '', library = '']) => names(list, 0).map((name) => `${library} ${name}`)),
    ...[...source.matchAll(TYPE)].map(([, library = '', name = '']) => `${library} ${name}`),
  ];
}
