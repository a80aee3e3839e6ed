import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** Imports between the entries of one folder: names of files and subfolders, each with those it leads to. */
export type FolderGraph = Map<string, Map<string, string[]>>;

/** TypeScript files below `folder` of the project, as paths from `root`. */
export async function sourceFiles(root: string, ...folders: string[]): Promise<string[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  const sources = lists.flat().filter((file) => /\.tsx?$/.test(file) && !file.includes('/node_modules/'));
  return sources.map((file) => relative(root, file)).sort();
}

/**
 * Lifts every relative import to the folder where its two ends part: an import of `a/x.ts` in `b/c/y.ts` is an arrow
 * from `b` to `a` in the folder that holds both. Files that lie in a folder are entries of it beside its subfolders.
 */
export async function folderGraphs(root: string, files: readonly string[]): Promise<Map<string, FolderGraph>> {
  const graphs = new Map<string, FolderGraph>();
  for (const file of files) {
    const text = await readFile(join(root, file), 'utf8');
    for (const [, specifier = ''] of text.matchAll(/(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g)) {
      const target = sourceOf(root, join(dirname(file), specifier));
      if (target) addArrow(graphs, file, target);
    }
  }
  return graphs;
}

/** Groups of entries that reach each other, each sorted by name. Empty when every arrow points one way. */
export function circles(graph: FolderGraph): string[][] {
  const reach = new Map([...graph.keys()].map((name) => [name, reachable(graph, name)]));
  const groups = new Map<string, string[]>();
  for (const [name, ends] of reach) {
    if (!ends.has(name)) continue;
    const members = [...ends].filter((end) => reach.get(end)?.has(name)).sort();
    groups.set(members.join(), members);
  }
  return [...groups.values()];
}

function sourceOf(root: string, path: string): string | undefined {
  const bare = path.replace(/\.jsx?$/, '');
  return [path, `${bare}.ts`, `${bare}.tsx`].find(
    (candidate) => /\.tsx?$/.test(candidate) && existsSync(join(root, candidate)),
  );
}

function addArrow(graphs: Map<string, FolderGraph>, from: string, to: string): void {
  const [a, b] = [from.split('/'), to.split('/')];
  const parting = a.findIndex((part, i) => part !== b[i]);
  const [source, target] = [a[parting], b[parting]];
  if (source === undefined || target === undefined) return;
  const folder = a.slice(0, parting).join('/');
  const graph = graphs.get(folder) ?? new Map<string, Map<string, string[]>>();
  const arrows = graph.get(source) ?? new Map<string, string[]>();
  arrows.set(target, [...(arrows.get(target) ?? []), `${from} -> ${to}`]);
  graphs.set(folder, graph.set(source, arrows));
}

function reachable(graph: FolderGraph, start: string): Set<string> {
  const seen = new Set<string>();
  const open = [...(graph.get(start)?.keys() ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(graph.get(next)?.keys() ?? []));
  }
  return seen;
}
