// node test/support/build-use-chat.mjs FOLDER: examples/use-chat with the pinned packages of compat/. A process of its
// own, because Vite does not run inside of Jest's modules.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));
const packages = join(root, 'compat/node_modules');
const names = ['react-dom', 'react', '@ai-sdk/react', 'ai'];
await build({
  root: join(root, 'examples/use-chat'),
  configFile: false,
  logLevel: 'error',
  oxc: { jsx: { runtime: 'automatic' } },
  resolve: { alias: names.map((find) => ({ find, replacement: join(packages, find) })) },
  build: { outDir: process.argv[2], emptyOutDir: true },
});
