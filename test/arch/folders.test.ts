import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { circles, folderGraphs, sourceFiles } from '../support/folder-graph.js';

const root = join(import.meta.dirname, '../..');
/** More than this many files side by side are a heap, not a room. */
const FLAT_FILES_MAX = 15;

test('folders form no circles: in every folder of every app and library the arrows point one way', async () => {
  const graphs = await folderGraphs(root, await sourceFiles(root, 'libs', 'apps'));
  const found = [...graphs].flatMap(([folder, graph]) =>
    circles(graph).map((group) => `${folder}: ${group.join(', ')}`),
  );
  expect(graphs.size).toBeGreaterThan(20);
  expect(found).toEqual([]);
});

test('no folder has more than 15 files side by side', async () => {
  const counts = new Map<string, number>();
  for (const file of await sourceFiles(root, 'libs', 'apps')) {
    counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  }
  expect([...counts].filter(([, count]) => count > FLAT_FILES_MAX)).toEqual([]);
});

test('a circle of folders is found although no two files form one', async () => {
  const tree = await mkdtemp(join(tmpdir(), 'talaria-folders-'));
  const files = {
    'src/a/one.ts': "import '../b/one.js';\n",
    'src/a/two.ts': 'export const two = 2;\n',
    'src/b/one.ts': "export { two } from '../a/two.js';\n",
    'src/c/one.ts': "import '../a/one.js';\n",
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, name)), { recursive: true });
    await writeFile(join(tree, name), text);
  }
  const graphs = await folderGraphs(tree, await sourceFiles(tree, 'src'));
  await rm(tree, { recursive: true });
  expect(circles(graphs.get('src') ?? new Map())).toEqual([['a', 'b']]);
});
